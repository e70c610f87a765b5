"""Pictures compared and compressed by the browser itself, which needs no library for images."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from playwright.sync_api import Page

NEAR: Final = 24
"""Of 255: by how much a color may differ, as at the edges of letters."""

QUALITY: Final = 0.8
"""Of the WebP, up to 1."""

_COMPARE: Final = """
async ({before, after, near, quality}) => {
  const load = async (url) => {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width, image.height];
    canvas.getContext("2d").drawImage(image, 0, 0);
    return canvas;
  };
  // Compressed like the other one, so that both have lost the same.
  const webp = (await load(after)).toDataURL("image/webp", quality);
  const canvas = await load(webp);
  const {width, height} = canvas;
  const data = (one) => one.getContext("2d").getImageData(0, 0, one.width, one.height);
  const whole = {webp};
  if (!before) return whole;
  const old = await load(before);
  if (old.width !== width || old.height !== height) return {...whole, share: 1, diff: after};
  const [was, is] = [data(old), data(canvas)];
  let count = 0;
  for (let i = 0; i < is.data.length; i += 4) {
    const by = Math.max(...[0, 1, 2].map((channel) => Math.abs(is.data[i + channel] - was.data[i + channel])));
    if (by > near) {
      count += 1;
      is.data.set([255, 0, 80, 255], i);
    } else {
      for (const channel of [0, 1, 2]) is.data[i + channel] = 255 - (255 - is.data[i + channel]) / 4;
    }
  }
  canvas.getContext("2d").putImageData(is, 0, 0);
  return {...whole, share: count / (width * height), diff: canvas.toDataURL("image/png")};
}
"""


@dataclass(frozen=True, slots=True)
class Compared:
    """A picture as WebP, the share of its pixels that differ from another one, and where they do, as PNG."""

    webp: bytes
    share: float
    diff: bytes


def compare(page: Page, before: bytes | None, after: bytes) -> Compared:
    """Compare a WebP (None: nothing) with a PNG, in a page without a policy."""
    found: dict[str, Any] = page.evaluate(
        _COMPARE,
        {
            "before": None if before is None else _url("image/webp", before),
            "after": _url("image/png", after),
            "near": NEAR,
            "quality": QUALITY,
        },
    )
    return Compared(
        _bytes(found["webp"]), found.get("share", 0.0), _bytes(found.get("diff", "data:,"))
    )


def _url(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{b64encode(content).decode()}"


def _bytes(url: str) -> bytes:
    return b64decode(url.partition(",")[2])
