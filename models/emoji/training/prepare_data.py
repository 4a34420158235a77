#!/usr/bin/env python3
"""Make the training pictures: 137 emoji, each in two openly licensed styles, as 32x32 RGB.

The art comes from two npm packages, read where `npm install` puts them:
  emoji-datasource-google 16.0.0          Noto Emoji (PNG, 64 pixels)    Apache-2.0
  @iconify-json/fluent-emoji-flat 1.2.6   Fluent Emoji flat (SVG)        MIT

Written is one .npz file:
  images       uint8 [pictures, views, 32, 32, 3]   view 0 is the picture itself, the rest are
                                                    slightly turned, scaled and shifted copies
  labels       int64 [pictures]
  class_names  text  [classes]
  sources      text  [pictures]                     "style/emoji name"

The same packages and seed give the same bytes.
"""

import argparse
import io
import json
import math
from pathlib import Path

import numpy as np
import resvg_py
from PIL import Image

# Short names as in emoji-datasource. The order of the classes is the order of the model's labels.
CLASSES = {
    "smile": """grinning smiley smile grin laughing sweat_smile joy slightly_smiling_face wink blush
        relaxed relieved""",
    "love": """smiling_face_with_3_hearts heart_eyes star-struck kissing_heart kissing
        kissing_closed_eyes kissing_smiling_eyes""",
    "tongue": """yum stuck_out_tongue stuck_out_tongue_winking_eye zany_face
        stuck_out_tongue_closed_eyes money_mouth_face""",
    "neutral": """face_with_raised_eyebrow neutral_face expressionless no_mouth smirk unamused
        face_with_rolling_eyes grimacing confused face_with_diagonal_mouth pensive""",
    "sad": """worried slightly_frowning_face white_frowning_face pleading_face
        face_holding_back_tears frowning anguished disappointed_relieved cry sob disappointed
        persevere confounded weary tired_face sleepy""",
    "surprised": """open_mouth hushed astonished flushed fearful scream cold_sweat dizzy_face
        yawning_face""",
    "angry": "triumph rage angry face_with_symbols_on_mouth smiling_imp imp",
    "cool": """sunglasses nerd_face face_with_monocle face_with_cowboy_hat partying_face
        disguised_face""",
    "cat": """smiley_cat smile_cat joy_cat heart_eyes_cat smirk_cat kissing_cat scream_cat
        crying_cat_face pouting_cat cat""",
    "animal": """bear panda_face koala dog fox_face lion_face tiger mouse hamster rabbit pig cow
        monkey_face frog wolf raccoon polar_bear""",
    "heart": """heart pink_heart orange_heart yellow_heart green_heart blue_heart light_blue_heart
        purple_heart brown_heart black_heart grey_heart sparkling_heart heartpulse heartbeat
        broken_heart two_hearts cupid gift_heart""",
    "fruit": """apple green_apple tangerine lemon lime watermelon strawberry peach cherries grapes
        pear melon pineapple banana kiwifruit tomato mango coconut blueberries""",
}
SIZE = 32
CANVAS = 128  # everything is done at this size, and reduced last
FILL = 0.92  # the longer side of the art, as a part of the canvas
WHITE = (255, 255, 255)


class NotoEmoji:
    """PNG files, named in the package's table of emoji, which also has their code points."""

    style = "noto"

    def __init__(self, packages):
        self.folder = packages / "emoji-datasource-google"
        table = json.loads((self.folder / "emoji.json").read_text())
        self.entries = {entry["short_name"]: entry for entry in table}

    def code(self, name):
        return self.entries[name]["unified"].lower()

    def picture(self, name):
        return Image.open(self.folder / "img" / "google" / "64" / self.entries[name]["image"])


class FluentEmojiFlat:
    """SVG drawings, looked up by code points; the table may leave out the variation selector."""

    style = "fluent-flat"

    def __init__(self, packages):
        folder = packages / "@iconify-json" / "fluent-emoji-flat"
        self.icon_of = json.loads((folder / "chars.json").read_text())
        self.set = json.loads((folder / "icons.json").read_text())

    def picture(self, code):
        icon = self.icon_of.get(code) or self.icon_of[code.replace("-fe0f", "")]
        icon = self.set.get("aliases", {}).get(icon, {}).get("parent", icon)
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" '
            f'width="{CANVAS}" height="{CANVAS}">{self.set["icons"][icon]["body"]}</svg>'
        )
        return Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg))))


def centred(picture):
    """The visible part of `picture`, on white, in the middle of the canvas."""
    rgba = np.asarray(picture.convert("RGBA"))
    visible = rgba[..., 3] > 24
    rows, columns = np.flatnonzero(visible.any(axis=1)), np.flatnonzero(visible.any(axis=0))
    box = rgba[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32) / 255
    colour, alpha = box[..., :3], box[..., 3:]
    art = Image.fromarray(np.uint8((colour * alpha + (1 - alpha)) * 255 + 0.5))
    zoom = FILL * CANVAS / max(art.size)
    art = art.resize([max(1, round(side * zoom)) for side in art.size], Image.Resampling.LANCZOS)
    canvas = Image.new("RGB", (CANVAS, CANVAS), WHITE)
    canvas.paste(art, ((CANVAS - art.width) // 2, (CANVAS - art.height) // 2))
    return canvas


def varied(canvas, random):
    """`canvas` turned by up to 6 degrees, scaled by 0.92 to 1.04, shifted by up to 1.5 pixels."""
    angle = math.radians(np.clip(random.normal(0, 3), -6, 6))
    zoom = random.uniform(0.92, 1.04)
    shift = np.clip(random.normal(0, 0.6, 2), -1.5, 1.5) * (CANVAS / SIZE)
    # Pillow wants the map from the new picture back to the old one: undo the shift, then turn and
    # scale about the middle.
    back = (
        np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]) / zoom
    )
    middle = np.full(2, CANVAS / 2)
    offset = middle - back @ (middle + shift)
    rows = np.column_stack([back, offset])
    return canvas.transform(
        canvas.size,
        Image.Transform.AFFINE,
        rows.ravel().tolist(),
        Image.Resampling.BICUBIC,
        fillcolor=WHITE,
    )


def reduced(canvas):
    return np.asarray(canvas.resize((SIZE, SIZE), Image.Resampling.HAMMING))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--packages",
        type=Path,
        default=Path("node_modules"),
        help="folder of the npm packages (%(default)s)",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("emoji.npz"), help="file to write (%(default)s)"
    )
    parser.add_argument(
        "--views",
        type=int,
        default=48,
        help="views of each picture, the plain one among them (%(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the variations (%(default)s)")
    args = parser.parse_args()

    noto, fluent = NotoEmoji(args.packages), FluentEmojiFlat(args.packages)
    random = np.random.default_rng(args.seed)
    images, labels, sources = [], [], []
    for label, names in enumerate(CLASSES.values()):
        for name in names.split():
            for style, picture in (
                (noto.style, noto.picture(name)),
                (fluent.style, fluent.picture(noto.code(name))),
            ):
                plain = centred(picture)
                others = [varied(plain, random) for _ in range(args.views - 1)]
                images.append([reduced(view) for view in [plain, *others]])
                labels.append(label)
                sources.append(f"{style}/{name}")
    np.savez_compressed(
        args.out,
        images=np.array(images, dtype=np.uint8),
        labels=np.array(labels, dtype=np.int64),
        class_names=np.array(list(CLASSES)),
        sources=np.array(sources),
    )
    sizes = np.bincount(labels)
    print(f"{len(images)} pictures, {args.views} views each")
    print(", ".join(f"{name} {size}" for name, size in zip(CLASSES, sizes)))


if __name__ == "__main__":
    main()
