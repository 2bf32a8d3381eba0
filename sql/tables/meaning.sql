-- One row is what one table, or one column of a table, means. duckdb_columns(), duckdb_tables() and duckdb_views() show it as the comment.
-- derived: from the files of sql/tables and sql/tasks
create table meaning (
    table_name   VARCHAR NOT NULL,  -- name of the table or view; of the view of a task with its schema (gvrep_gwas.examples)
    column_name  VARCHAR,           -- name of the column; null for the table itself
    meaning      VARCHAR NOT NULL,  -- of a table: what one row is; of a column: meaning, unit, coordinate base
);
