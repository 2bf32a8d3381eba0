-- Are all, or any, of several contigs held out? A combination stands in test only if all its members are held out, and in train only if
-- none is: what has some of both would bring test contigs into training, and is in neither.
create or replace macro all_held_out(chroms, held_out) as list_has_all(held_out, chroms);
create or replace macro any_held_out(chroms, held_out) as list_has_any(held_out, chroms);
