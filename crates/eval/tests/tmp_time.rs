use soundalike_eval::*;
#[test]
fn t() {
    let mut st = 1u64;
    let mut r = || { st = st.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407); st >> 33 };
    let mut groups = vec![];
    for g in 0..20000 { let n = 1 + r() % 10 + if r() % 50 == 0 { r() % 900 } else { 0 }; for _ in 0..n { groups.push(format!("g{g}")); } }
    let t = std::time::Instant::now();
    let p = split_by_group(&groups, &[0.75, 0.15, 0.1], 1).unwrap();
    println!("{} items split {:?} {:?}", groups.len(), t.elapsed(), (0..3).map(|k| p.iter().filter(|x| **x == k).count()).collect::<Vec<_>>());
    let t = std::time::Instant::now();
    let p = folds_by_group(&groups, 10, 1).unwrap();
    println!("folds {:?} {:?}", t.elapsed(), (0..10).map(|k| p.iter().filter(|x| **x == k).count()).collect::<Vec<_>>());
    let n = 10000;
    let labels: Vec<bool> = (0..n).map(|i| i % 2 == 0).collect();
    let scores: Vec<f32> = labels.iter().map(|l| (r() % 1000000) as f32 / 2e6 + if *l {0.45} else {0.0}).collect();
    let g: Vec<usize> = (0..n).map(|i| i / 10).collect();
    let t = std::time::Instant::now();
    let rep = VerificationReport::new(&scores, &labels, &g, &VerificationConfig::new(0.5)).unwrap();
    println!("report {:?}\n{}", t.elapsed(), rep.table("x").to_markdown());
}
