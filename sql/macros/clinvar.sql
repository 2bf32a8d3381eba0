-- ClinVar's VCF: one key of INFO, and ClinVar's vocabularies.
--
-- INFO is `KEY=value;KEY=value;FLAG`. It is cut at `;`, and a key is compared whole, so CLNDN is never found inside ONCDN or CLNDNINCL.
--   info_value(info, key)       VARCHAR    the value of a key: null where the key is absent, a flag, empty or `.`; the first if it is repeated
-- It is for a query about a key or two; sources have INFO taken apart before their SQL sees it (ingest/info.py), by the same rules.
-- Values come as they were written: percent escapes stay until a list has been cut at its separator.

create or replace macro info_value(info, key) as nullif(
    nullif(substr(list_filter(string_split(info, ';'), lambda one: split_part(one, '=', 1) = key)[1], length(key) + 2), ''), '.'
);

-- Text with its percent escapes (%3B, %2C, %20 …) decoded as UTF-8; left as it is where they make no text.
create or replace macro percent_decode(text) as
    case when contains(text, '%') then coalesce(try(url_decode(text)), text) else text end;

-- An item of a list of diseases (CLNDN) as a name: spaces for underscores, escapes decoded; null for the empty item `.`.
-- Few items have escapes: the rest are answered without the steps that decoding takes.
create or replace macro clinvar_name(item) as
    case
        when item in ('', '.') then null
        when contains(item, '%') then nullif(nullif(percent_decode(replace(item, '_', ' ')), ''), '.')
        else replace(item, '_', ' ')
    end;

-- An item of a list of identifiers (CLNDISDB): as it is, escapes decoded; null for the empty item `.`.
create or replace macro clinvar_ids(item) as
    case when item in ('', '.') then null when contains(item, '%') then nullif(nullif(percent_decode(item), ''), '.') else item end;

-- A classification (CLNSIG) in today's spelling: the name of conflicts that was changed in early 2024, and `|` between terms where older
-- files have `,_` (`Pathogenic,_risk_factor`). `Pathogenic,_low_penetrance` is one term.
create or replace macro clinvar_significance(clnsig) as
    replace(
        case
            when contains(clnsig, ',_') then
                replace(replace(replace(clnsig, ',_low_penetrance', chr(31)), ',_', '|'), chr(31), ',_low_penetrance')
            else clnsig
        end,
        'Conflicting_interpretations_of_pathogenicity',
        'Conflicting_classifications_of_pathogenicity'
    );

-- The four classes that GV-Rep reads: exact values only, the two pairs as their weaker half, everything else null.
create or replace macro clinvar_class(clnsig) as
    case
        when clnsig in ('Pathogenic', 'Likely_pathogenic', 'Benign', 'Likely_benign') then clnsig
        when clnsig = 'Pathogenic/Likely_pathogenic' then 'Likely_pathogenic'
        when clnsig = 'Benign/Likely_benign' then 'Likely_benign'
    end;

-- The disease class that GV-Rep reads from CLNDN: the text up to the first comma, which its VCF reader takes for a separator, with all
-- that | joins before it, and without a number at its end; N where there is no CLNDN.
create or replace macro clinvar_gvrep_disease(clndn) as regexp_replace(split_part(coalesce(clndn, 'N'), ',', 1), '_[0-9]+$', '');

-- Whether a classification is pathogenic (1) or benign (0), read term by term: P, LP and their pair, B, LB and theirs, with or without low
-- penetrance; modifiers after `|` (risk_factor, other, drug_response …) say nothing about it. Null for neither, and for both.
create or replace macro clinvar_pathogenicity(clinical_significance) as
    list_transform(
        [list_transform(
            string_split(replace(replace(coalesce(clinical_significance, ''), ',_low_penetrance', ''), '/', '|'), '|'),
            lambda term: case
                when term in ('Pathogenic', 'Likely_pathogenic') then 1
                when term in ('Benign', 'Likely_benign') then 0
                when term in ('Uncertain_significance', 'Conflicting_classifications_of_pathogenicity') then 2
            end
        )],
        lambda found: case when len(list_distinct(list_filter(found, lambda one: one is not null))) = 1 then
            nullif(list_max(found), 2) end
    )[1]::BIGINT;

-- A review status (CLNREVSTAT) in today's spelling; three names were changed in early 2024.
create or replace macro clinvar_review_status(clnrevstat) as
    case clnrevstat
        when 'criteria_provided,_conflicting_interpretations' then 'criteria_provided,_conflicting_classifications'
        when 'no_interpretation_for_the_single_variant' then 'no_classification_for_the_single_variant'
        when 'no_assertion_provided' then 'no_classification_provided'
        else clnrevstat
    end;

-- ClinVar's stars for a review status, 0 to 4; null where there is no status.
create or replace macro clinvar_stars(clnrevstat) as
    case clinvar_review_status(clnrevstat)
        when 'practice_guideline' then 4
        when 'reviewed_by_expert_panel' then 3
        when 'criteria_provided,_multiple_submitters,_no_conflicts' then 2
        when 'criteria_provided,_conflicting_classifications' then 1
        when 'criteria_provided,_single_submitter' then 1
        else case when clnrevstat is not null then 0 end
    end::BIGINT;

-- The origins that a sum of ORIGIN's bits stands for, in the order of the bits, by the header's words; 0 is unknown.
create or replace macro clinvar_origins(origin) as
    case
        when origin is null then null
        when origin = 0 then ['unknown']
        when origin = 1 then ['germline']
        else list_filter(
            [
                case when origin & 1 > 0 then 'germline' end,
                case when origin & 2 > 0 then 'somatic' end,
                case when origin & 4 > 0 then 'inherited' end,
                case when origin & 8 > 0 then 'paternal' end,
                case when origin & 16 > 0 then 'maternal' end,
                case when origin & 32 > 0 then 'de-novo' end,
                case when origin & 64 > 0 then 'biparental' end,
                case when origin & 128 > 0 then 'uniparental' end,
                case when origin & 256 > 0 then 'not-tested' end,
                case when origin & 512 > 0 then 'tested-inconclusive' end,
                case when origin & 1073741824 > 0 then 'other' end
            ],
            lambda word: word is not null
        )
    end;
