-- Alleles. One spelling and one key for the same pair of alleles at a place, with no look at any genome.
-- An allele counts when it is one or more of A, C, G, T, N in upper or lower case. Symbolic alleles (`<DEL>`), `*`, `.`, `-`, lists and
-- empty text do not, and every macro here gives null for them, as for null. Python twins: lrbstore/alleles.py.

-- Whether an allele is spelt out in bases.
create or replace macro is_bases(allele) as regexp_full_match(allele, '[ACGTNacgtn]+');

-- How many of the first `most` letters of two texts are equal before the first difference. Letters are compared as pairs in one list,
-- which keeps the work proportional to `most`, also for alleles of thousands of bases.
create or replace macro shared_prefix_length(text_a, text_b, most) as
    coalesce(
        list_position(
            list_transform(
                list_zip(string_split(left(text_a, most), ''), string_split(left(text_b, most), '')),
                lambda pair: pair[1] = pair[2]
            ),
            false
        ) - 1,
        most
    );

-- The alleles as short as they can be written with at least one base left in each: bases that both end with go first, then bases that
-- both begin with, which moves pos to the right. Upper case. Gives a struct {pos, ref, alt} with a 1-based pos.
-- An allele of one base leaves nothing to trim, which is so in nearly every row and is answered without a look at the letters.
-- The steps of the other branch hand their result on as the one element of a list, so that each is computed once.
create or replace macro trimmed_alleles(pos, ref, alt) as
    case
        when pos is null or not coalesce(is_bases(ref) and is_bases(alt), false) then null
        when length(ref) = 1 or length(alt) = 1 then {'pos': pos::BIGINT, 'ref': upper(ref), 'alt': upper(alt)}
        else list_transform(
            list_transform(
                list_transform(
                    list_transform(
                        [{'pos': pos::BIGINT, 'ref': upper(ref), 'alt': upper(alt), 'most': least(length(ref), length(alt)) - 1}],
                        lambda v: {'v': v, 'n': shared_prefix_length(reverse(v.ref), reverse(v.alt), v.most)}
                    ),
                    lambda s: {
                        'pos': s.v.pos,
                        'ref': left(s.v.ref, length(s.v.ref) - s.n),
                        'alt': left(s.v.alt, length(s.v.alt) - s.n),
                        'most': s.v.most - s.n
                    }
                ),
                lambda v: {'v': v, 'n': shared_prefix_length(v.ref, v.alt, v.most)}
            ),
            lambda p: {'pos': p.v.pos + p.n, 'ref': substr(p.v.ref, p.n + 1), 'alt': substr(p.v.alt, p.n + 1)}
        )[1]
    end;

-- The fields of that struct, for those who need one.
create or replace macro trimmed_pos(pos, ref, alt) as trimmed_alleles(pos, ref, alt).pos;
create or replace macro trimmed_ref(pos, ref, alt) as trimmed_alleles(pos, ref, alt).ref;
create or replace macro trimmed_alt(pos, ref, alt) as trimmed_alleles(pos, ref, alt).alt;

-- How an allele is written in a key: as it is up to 64 bases, else as its length and the md5 of its upper-case letters, `<length>-<md5>`.
create or replace macro allele_key(allele) as
    case when length(allele) > 64 then length(allele) || '-' || md5(upper(allele)) else upper(allele) end;

-- The key of a distinct allele, `<assembly>:<chrom>:<pos>:<ref>:<alt>`, from the trimmed alleles. It depends on its arguments alone.
create or replace macro variant_id(assembly, chrom, pos, ref, alt) as
    case
        when pos is null or not coalesce(is_bases(ref) and is_bases(alt), false) then null
        when length(ref) = 1 or length(alt) = 1
            then assembly || ':' || chrom || ':' || pos::BIGINT || ':' || allele_key(ref) || ':' || allele_key(alt)
        else list_transform(
            [trimmed_alleles(pos, ref, alt)],
            lambda t: assembly || ':' || chrom || ':' || t.pos || ':' || allele_key(t.ref) || ':' || allele_key(t.alt)
        )[1]
    end;

-- What changes, from the trimmed alleles: snv (one base for another), mnv (as many bases, more than one), insertion, deletion (bases only
-- come or only go), indel (some go and others come). Null when REF and ALT are the same.
create or replace macro variant_type(ref, alt) as
    case
        when not coalesce(is_bases(ref) and is_bases(alt), false) or upper(ref) = upper(alt) then null
        when length(ref) = 1 and length(alt) = 1 then 'snv'
        else list_transform(
            [trimmed_alleles(1, ref, alt)],
            lambda t: case
                when length(t.ref) = length(t.alt) then case when length(t.ref) = 1 then 'snv' else 'mnv' end
                when length(t.ref) = 1 and (starts_with(t.alt, t.ref) or ends_with(t.alt, t.ref)) then 'insertion'
                when length(t.alt) = 1 and (starts_with(t.ref, t.alt) or ends_with(t.ref, t.alt)) then 'deletion'
                else 'indel'
            end
        )[1]
    end;
