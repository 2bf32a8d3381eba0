-- As published.
select * from cage_prediction.examples where split = 'test'
