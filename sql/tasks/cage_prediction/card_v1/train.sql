-- The first card's training split: train and validation merged (36,086 windows).
select * from cage_prediction.examples where split in ('train', 'validation')
