-- CAGE: windows, and the tracks of their labels.
select
    count(*) as cage_windows,
    count(*) filter (split = 'train') as cage_train,
    count(*) filter (split = 'validation') as cage_validation,
    count(*) filter (split = 'test') as cage_test,
    (select count(*) from cage_track) as cage_tracks
from cage_window
