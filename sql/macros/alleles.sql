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
-- A lambda's name that is also a table's in the caller's query would mean the table, without a word; hence names that no table has.
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
                        lambda given_: {'v': given_, 'n': shared_prefix_length(reverse(given_.ref), reverse(given_.alt), given_.most)}
                    ),
                    lambda ended_: {
                        'pos': ended_.v.pos,
                        'ref': left(ended_.v.ref, length(ended_.v.ref) - ended_.n),
                        'alt': left(ended_.v.alt, length(ended_.v.alt) - ended_.n),
                        'most': ended_.v.most - ended_.n
                    }
                ),
                lambda short_: {'v': short_, 'n': shared_prefix_length(short_.ref, short_.alt, short_.most)}
            ),
            lambda begun_: {
                'pos': begun_.v.pos + begun_.n,
                'ref': substr(begun_.v.ref, begun_.n + 1),
                'alt': substr(begun_.v.alt, begun_.n + 1)
            }
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
            lambda cut_:
                assembly || ':' || chrom || ':' || cut_.pos || ':' || allele_key(cut_.ref) || ':' || allele_key(cut_.alt)
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
            lambda cut_: case
                when length(cut_.ref) = length(cut_.alt) then case when length(cut_.ref) = 1 then 'snv' else 'mnv' end
                when length(cut_.ref) = 1 and (starts_with(cut_.alt, cut_.ref) or ends_with(cut_.alt, cut_.ref)) then 'insertion'
                when length(cut_.alt) = 1 and (starts_with(cut_.ref, cut_.alt) or ends_with(cut_.ref, cut_.alt)) then 'deletion'
                else 'indel'
            end
        )[1]
    end;
