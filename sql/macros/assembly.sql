-- An assembly's name, by that or by one of the names that are understood at the door (lrbstore/assembly.py), in upper or lower case; an
-- error for any other. Of a constant it is one, so that a filter on it leaves out files and whole sources before they are read.
create or replace macro assembly_named(spelling) as
    case lower(spelling)
        when 'grch37' then 'GRCh37'
        when 'hg19' then 'GRCh37'
        when 'b37' then 'GRCh37'
        when 'grch38' then 'GRCh38'
        when 'hg38' then 'GRCh38'
        else error('unknown assembly ' || coalesce(spelling, 'null') || '; known: GRCh37 (hg19, b37), GRCh38 (hg38)')
    end;
