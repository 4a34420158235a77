// How anchors are stored, in words: 0 f32; 1 f16, two a word, low half first; 2 int8, of each row of
// `width` elements the bits of its f32 scale, then the codes, four a word, lowest byte first.
override ANCHOR_FORMAT: u32;
