struct Params {
    len: u32,
    slice: u32,
    slot: u32,
    pad: u32,
}

@group(0) @binding(0) var<uniform> params: Params;

