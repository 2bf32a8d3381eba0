-- verified_class(class): which side a clinician's class is on, pathogenic or benign, null for neither.
--
--   pathogenic  Pathogenic, Likely pathogenic, the two joined by a slash; P, LP; 5, 4 of the five classes; HGMD's DM (disease-causing)
--   benign      Benign, Likely benign, the two joined by a slash; B, LB; 1, 2 of the five classes
--   null        all else: uncertain significance (VUS, 3), HGMD's DM?, DP, DFP, FP and R (doubted, associated, functional, retired),
--               several classes in one cell, words that are not listed here
--
-- Case, blanks, underscores and a leading "class" do not count. Which spellings the published file uses could not be looked up: hence the
-- several vocabularies that such tables are written in.

create or replace macro verified_class_key(class) as
    regexp_replace(regexp_replace(lower(class), '[ _-]+', '', 'g'), '^class', '');

create or replace macro verified_class(class) as
    case
        when verified_class_key(class) in ('pathogenic', 'likelypathogenic', 'pathogenic/likelypathogenic', 'p', 'lp', 'p/lp', '5', '4', 'dm')
            then 'pathogenic'
        when verified_class_key(class) in ('benign', 'likelybenign', 'benign/likelybenign', 'b', 'lb', 'b/lb', '1', '2')
            then 'benign'
    end;
