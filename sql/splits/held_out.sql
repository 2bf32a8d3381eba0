-- Is a contig held out? Splits by chromosome keep every window of a test contig away from training, at any length.
create or replace macro is_held_out(chrom, held_out) as list_contains(held_out, chrom);
