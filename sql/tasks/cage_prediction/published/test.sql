-- As published: Basenji's random split over shared chromosomes.
select * from cage_prediction.examples where split = 'test'
