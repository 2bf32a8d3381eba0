-- The GWAS Catalog's cells taken apart. Each macro gives null where the text does not say.
--
--   gwas_list(text)          VARCHAR[]  the items of SNPS, STRONGEST SNP-RISK ALLELE, CHR_ID, CHR_POS: cut at ` x `, `;`, `,` and ` + `
--   gwas_rs(snp)             VARCHAR    'rs123' where an item is a dbSNP id and nothing else
--   gwas_risk_allele(item)   VARCHAR    'A' of 'rs123-A', 'AT' of 'rs999-AT'; null for 'rs123-?', 'APOE-E4', 'HLA-A*02:01'
--   gwas_chrom(text)         VARCHAR    '23' is X and '24' is Y, as the catalogue wrote them until 2015
--   gwas_date(text)          VARCHAR    YYYY-MM-DD from 2015-03-20, 20-Mar-2015 and 03/20/2015
--   gwas_neg_log10_p(text)   DOUBLE     from mantissa and exponent, so that 1E-400, which no DOUBLE holds, gives 400
--   gwas_ci(text, which)     DOUBLE     the interval's lower (1) or upper (2) end: '[0.025-0.033] unit increase'
--   gwas_ci_words(text)      VARCHAR    what stands beside the interval, without the brackets of 2015's files: 'unit increase'
--   gwas_direction(words)    VARCHAR    increase or decrease, from the first such word (taller, fewer … too)
--   gwas_unit(words)         VARCHAR    the words without that one: 'unit'
--   gwas_term_names(names, n)  VARCHAR[]  MAPPED_TRAIT cut into n names, n being the number of its URIs

create or replace macro gwas_list(text) as
    case
        when coalesce(trim(text), '') in ('', 'NR', 'Pending') then []::VARCHAR[]
        else list_filter(regexp_split_to_array(trim(text), '\s+x\s+|\s*[;,]\s*|\s+[+]\s+'), lambda item: item <> '')
    end;

create or replace macro gwas_rs(snp) as case when regexp_full_match(lower(snp), 'rs[0-9]+') then lower(snp) end;

create or replace macro gwas_risk_allele(item) as
    upper(nullif(regexp_extract(item, '^(?i:(?:rs[0-9]|chr[0-9xym]|snp|kgp[0-9]|i[0-9])\S*)\s*-\s*([ACGTNacgtn]+)$', 1), ''));

create or replace macro gwas_chrom(text) as case text when '23' then 'X' when '24' then 'Y' else text end;

create or replace macro gwas_date(text) as
    coalesce(strftime(try_strptime(trim(text), ['%Y-%m-%d', '%d-%b-%Y', '%m/%d/%Y']), '%Y-%m-%d'), trim(text));

create or replace macro gwas_neg_log10_p(text) as
    case
        when regexp_full_match(trim(text), '[0-9]*\.?[0-9]+([eE][+-]?[0-9]{1,9})?')
            and try_cast(regexp_extract(trim(text), '^[0-9.]+') as DOUBLE) > 0
        then abs(
            log10(try_cast(regexp_extract(trim(text), '^[0-9.]+') as DOUBLE))
            + coalesce(try_cast(nullif(regexp_extract(trim(text), '[eE]([+-]?[0-9]+)$', 1), '') as BIGINT), 0)
        )
    end;

create or replace macro gwas_ci(text, which) as
    try_cast(
        regexp_extract(
            text, '^[\s%]*[\[(]*\s*(-?[0-9]*\.?[0-9]+)\s*(?:-|–|—|,|to)\s*(-?[0-9]*\.?[0-9]+)\s*[\])]', which
        ) as DOUBLE
    );

-- The interval goes, whatever it holds; then brackets that enclose all that is left.
create or replace macro gwas_ci_words(text) as
    nullif(
        regexp_replace(
            regexp_replace(
                regexp_replace(
                    trim(regexp_replace(
                        trim(text), '^(%?)\s*(?:[\[(]*\s*(?:NR|-?[0-9]*\.?[0-9]+\s*(?:-|–|—|,|to)\s*-?[0-9]*\.?[0-9]+)\s*[\])]*|NR)(?:$|\s+)', '\1 '
                    )),
                    '^\(((?:[^()]|\([^()]*\))*?)\]?\)$', '\1'
                ),
                '^\(([^()]*)\)$', '\1'
            ),
            '^(NR|Pending)$', ''
        ),
        ''
    );

create or replace macro gwas_direction(words) as
    case
        when regexp_matches(words, '(?i)\b(in?creas|inceas|higher|taller|older|longer|more |greater)')
            and not regexp_matches(words, '(?i)\b(decrea|dcreas|lower|shorter|younger|fewer|less )') then 'increase'
        when regexp_matches(words, '(?i)\b(decrea|dcreas|lower|shorter|younger|fewer|less )')
            and not regexp_matches(words, '(?i)\b(in?creas|inceas|higher|taller|older|longer|more |greater)') then 'decrease'
    end;

create or replace macro gwas_unit(words) as
    nullif(
        trim(regexp_replace(
            words, '(?i)\s*\b(?:(?:in?creas|inceas|decrea|dcreas)[a-z]*|higher|taller|older|longer|more|greater|lower|shorter|younger|fewer|less)\b', ''
        )),
        ''
    );

-- A term may itself hold a comma, a URI never does. As many names as URIs are pairs; one URI takes the whole text; else nothing says
-- where a name ends, and no name is given.
create or replace macro gwas_term_names(names, n) as
    case
        when n <= 1 then [trim(names)]
        when len(string_split(names, ', ')) = n then list_transform(string_split(names, ', '), lambda name: trim(name))
        else list_resize([]::VARCHAR[], n)
    end;
