-- What the genome says of the example's REF; of a combination what it says of any member.
-- needs: ref_check
ref_check
