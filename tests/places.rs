//! Where a policy puts blocks and modules is where the forward pass has them.
#![cfg(feature = "cpu")]

use std::path::Path;

use refrain::Policy;
use refrain::dit::{Lowering, Model, Overrides, Part};
use refrain::policy::{At, Method, Unit};
use refrain::text::Named;

const STEPS: u32 = 10;

fn model() -> Model {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/emoji/emoji_dit_f16.safetensors");
    Model::open(&path, &Overrides::default()).expect("the model is there")
}

/// Lanes, and the lane of every granule, as the forward pass has them.
fn lowered(model: &Model, policy: &Policy) -> Option<(u32, Vec<u32>)> {
    let lowering = Lowering::for_policy(policy, 1, 2.0, STEPS);
    let program = lowering.program(model).ok()?;
    let lanes = program.parts.iter().filter_map(|part| match part {
        Part::Granule(granule) => Some(granule.lane),
        _ => None,
    });
    Some((program.lanes, lanes.collect()))
}

/// The same as the policy tells them, asked for every unit.
fn placed(policy: &Policy, depth: u32) -> (u32, Vec<u32>) {
    let mut lanes = vec![0; policy.granules(depth) as usize];
    for unit in Unit::ALL {
        for block in 0..depth {
            let at = At {
                unit: *unit,
                block,
                depth,
                step: 0,
                steps: STEPS,
            };
            if let Some(place) = policy.place(at) {
                lanes[place.granule as usize] = place.lane;
            }
        }
    }
    (policy.lanes(depth, STEPS), lanes)
}

#[test]
fn granules_and_lanes_are_those_of_the_forward_pass() {
    let model = model();
    let depth = model.config().depth;
    let texts = Method::ALL.iter().map(|method| method.name().to_owned());
    let more = [
        "interval:site=modules",
        "interval:site=attention",
        "interval:site=blocks",
        "interval:site=stage",
        "interval:site=front,share=0.4",
        "interval:site=range,front=2,back=1",
        "mask:11100110011001100110,site=modules",
    ];
    let mut compared = 0;
    for text in texts.chain(more.map(str::to_owned)) {
        let policy = Policy::parse(&text).expect("a policy");
        if let Some(expected) = lowered(&model, &policy) {
            assert_eq!(placed(&policy, depth), expected, "{text}");
            compared += 1;
        }
    }
    assert!(compared > 50, "{compared}");

    // Planted: another site has other granules.
    let policy = Policy::parse("interval:site=attention").expect("a policy");
    let other = Policy::parse("interval:site=modules").expect("a policy");
    assert_ne!(Some(placed(&policy, depth)), lowered(&model, &other));
}
