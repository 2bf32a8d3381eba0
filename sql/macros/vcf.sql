-- VCF: what may stand in REF and ALT, and where. INFO is taken apart by ingest/info.py.
--
-- The rule for an ALT: spelt out in A, C, G, T, N it makes an allele; one of the forms that VCF has for what is not spelt out (`<DEL>`,
-- `*`, `.`, a breakend) makes a record without an allele; any other text is an error, and the line is rejected.
--   vcf_alt_reason(alt)      VARCHAR  why an ALT cannot be read; null where it is one of those forms, or spelt out
--   vcf_alt_note(alt)        VARCHAR  why it has no allele; null where it is spelt out
--   vcf_place_reason(…)      VARCHAR  why the place or REF of a line cannot be read; null where they can

create or replace macro vcf_alt_reason(alt) as
    case
        when not (is_bases(alt) or alt in ('*', '.') or regexp_full_match(alt, '<.+>|.*[][].*|[.][ACGTNacgtn]+|[ACGTNacgtn]+[.]'))
            then 'ALT: ''' || alt || ''' is neither a sequence of A, C, G, T or N nor a symbolic allele, * or a breakend'
    end;

create or replace macro vcf_alt_note(alt) as
    case
        when alt is null or alt = '.' then 'no ALT'
        when is_bases(alt) then null
        when alt = '*' then 'ALT * is a deletion given elsewhere'
        when starts_with(alt, '<') then 'symbolic ALT'
        else 'breakend'
    end;

-- A repeat of a macro's argument repeats its text: hand in columns, not expressions.
create or replace macro vcf_place_reason(contig, chrom, length, assembly, pos, ref) as
    case
        when contig is null then 'CHROM is missing'
        when chrom is null then 'CHROM: contig ''' || contig || ''' is not in ' || assembly
        when pos is null then 'POS is missing'
        when pos < 1 then 'POS: ' || pos || ' is before the first base of ' || chrom
        when pos > length then 'POS: ' || pos || ' is beyond the end of ' || chrom || ' (' || length || ' bp)'
        when ref is null then 'REF is missing'
        when not is_bases(ref) then 'REF: ''' || ref || ''' is not a sequence of A, C, G, T or N'
        when pos + strlen(ref) - 1 > length
            then 'REF: ' || strlen(ref) || ' bases from ' || pos || ' reach beyond the end of ' || chrom || ' (' || length || ' bp)'
    end;

-- Ensembl's cache writes frequencies as allele:number, joined by commas (`G:0.0061,-:0.0002`): the number of one allele, as text.
create or replace macro ensembl_frequency(text, allele) as
    substr(list_filter(string_split(text, ','), lambda item: starts_with(item, allele || ':'))[1], length(allele) + 2);
