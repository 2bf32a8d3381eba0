"""Ingest: what providers publish, turned into the tables of ``sql/tables``. One folder a source; the pipeline is the same for all."""
