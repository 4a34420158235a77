#[test]
fn debug_scm() {
    for (n, level) in [(50u32, "slow"), (50, "medium"), (50, "fast"), (50, "ultra"), (28, "medium"), (37, "medium"), (100, "medium"), (20,"medium"), (30, "slow")] {
        let p = refrain::Policy::parse(&format!("full:gauge=count,schedule=scm,level={level},last=0")).unwrap();
        let mut s = crate::host::scheduler(&p, refrain::Timeline::new(n), 1);
        let inputs: Vec<_> = (0..n).map(crate::oracle::Input::at).collect();
        let t: String = crate::host::drive(&mut s, &inputs, |_| {}).iter().map(|v| if v.action == 'C' { '1' } else { '0' }).collect();
        let o: String = crate::oracle::schedules::scm(level, n as usize).iter().map(|b| if *b { '1' } else { '0' }).collect();
        println!("{n} {level}\n  {t}\n  {o} {}", t == o);
    }
}
