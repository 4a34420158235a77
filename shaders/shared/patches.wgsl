struct Params {
    batch: u32,
    channels: u32,
    height: u32,
    width: u32,
    patch_size: u32,
    row: u32,
    pad: vec2<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;

