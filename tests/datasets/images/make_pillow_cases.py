#!/usr/bin/env python3
"""Writes pillow_cases.json: small image files of every kind, and their pixels as Pillow reads them, for
pillow_cases_test.cpp.

    python3 make_pillow_cases.py         # needs Pillow and numpy; writes beside itself

A case has the bytes of a file and, in colours [H, W, 3] and in grey [H, W], what Pillow makes of it: Image.open,
ImageOps.exif_transpose, where something is transparent Image.alpha_composite on white, convert("RGB") or convert("L").
Where Pillow does not follow the format's specification (`by` is "specification"), the pixels follow that instead: a
16-bit grey is its upper byte, and a tRNS chunk means the values as they are stored.
"""
import io
import json
import os
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
GREY, COLOUR, PALETTE, GREY_ALPHA, COLOUR_ALPHA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, COLOUR: 3, PALETTE: 1, GREY_ALPHA: 2, COLOUR_ALPHA: 4}


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed_row(values, depth):
    bits = "".join(format(int(v), "0%db" % depth) for v in values.reshape(-1))
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))


def png(values, kind, depth, interlaced=False, before=b"", after=b""):
    """`values` [H, W, channels]; `before` and `after`: chunks around the image data."""
    height, width, _ = values.shape
    rows = b""
    passes = [values[y::down, x::right] for y, x, down, right in ADAM7] if interlaced else [values]
    for part in passes:
        if part.size:
            rows += b"".join(b"\0" + packed_row(row, depth) for row in part)
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(rows)) + after +
            chunk(b"IEND", b""))


def numbers(height, width, channels, most, seed):
    """Any values, with both ends among them."""
    values = np.random.RandomState(seed).randint(0, most + 1, (height, width, channels))
    values.reshape(-1)[:2] = 0, most
    return values


def tiff(orientation, big_endian, kind=3):
    order = ">" if big_endian else "<"
    value = struct.pack(order + "HH", orientation, 0) if kind == 3 else struct.pack(order + "I", orientation)
    entries = struct.pack(order + "HHIHH", 0x0100, 3, 1, 640, 0) + struct.pack(order + "HHI", 0x0112, kind, 1) + value
    return (b"MM" if big_endian else b"II") + struct.pack(order + "HIH", 42, 8, 2) + entries + struct.pack("I", 0)


def app1(data):
    return b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data


def exif(*arguments):
    return app1(b"Exif\0\0" + tiff(*arguments))


def xmp(orientation=None, element=False):
    form = "<tiff:Orientation>%d</tiff:Orientation>" if element else '<x tiff:Orientation="%d"/>'
    body = "" if orientation is None else form % orientation
    return app1(b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + body.encode() + b"</x:xmpmeta>")


def jpeg(values, segments=b"", mode=None, **settings):
    image = Image.fromarray(values.astype(np.uint8), mode)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90, **settings)
    data = out.getvalue()
    return data[:2] + segments + data[2:]  # before the segment of JFIF, which readers accept


def smooth(height, width, channels):
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    return np.clip(20 + 9 * y + 5 * x + 60 * c - c * 7 * y, 0, 255)


def pillow(data):
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return np.asarray(image.convert("RGB")), np.asarray(image.convert("L"))


def of_rgba(rgba):
    """Pixels by the specification, the levels of alpha being Pillow's."""
    image = Image.fromarray(rgba.astype(np.uint8), "RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return np.asarray(image), np.asarray(image.convert("L"))


cases = []


def add(name, data, expected=None, tolerance=0):
    colours, grey = expected or pillow(data)
    cases.append({"name": name, "by": "specification" if expected else "Pillow", "tolerance": tolerance,
                  "file": data.hex(), "height": grey.shape[0], "width": grey.shape[1],
                  "colours": colours.tobytes().hex(), "grey": grey.tobytes().hex()})


def rgba_of_grey(grey, alpha):
    return np.stack([grey, grey, grey, alpha], axis=-1)


def add_pngs():
    size = (5, 7)
    palette = numbers(1, 16, 3, 255, 3).astype(np.uint8)
    some_alpha = bytes([0, 255, 128, 7, 200])
    for interlaced in (False, True):
        end = " interlaced" if interlaced else ""
        for depth in (1, 2, 4, 8, 16):
            most = 2 ** depth - 1
            values = numbers(*size, 1, most, depth)
            grey8 = values[..., 0] >> 8 if depth == 16 else values[..., 0] * 255 // most
            by_specification = of_rgba(rgba_of_grey(grey8, np.full(size, 255))) if depth == 16 else None
            add(f"png grey {depth}{end}", png(values, GREY, depth, interlaced), by_specification)
            clear = int(values[2, 3, 0])
            transparent = np.where(values[..., 0] == clear, 0, 255)
            add(f"png grey {depth} tRNS{end}",
                png(values, GREY, depth, interlaced, chunk(b"tRNS", struct.pack(">H", clear))),
                of_rgba(rgba_of_grey(grey8, transparent)))
        for depth in (1, 2, 4, 8):
            values = numbers(*size, 1, min(2 ** depth, 16) - 1, depth + 20)
            colours = chunk(b"PLTE", palette.reshape(-1)[:3 * min(2 ** depth, 16)].tobytes())
            add(f"png palette {depth}{end}", png(values, PALETTE, depth, interlaced, colours))
            clear = colours + chunk(b"tRNS", some_alpha[:2 ** depth])
            add(f"png palette {depth} tRNS{end}", png(values, PALETTE, depth, interlaced, clear))
        for depth in (8, 16):
            most = 2 ** depth - 1
            colours = numbers(*size, 3, most, depth + 40)
            add(f"png colours {depth}{end}", png(colours, COLOUR, depth, interlaced))
            clear = colours[1, 2]
            transparent = np.where((colours == clear).all(axis=-1), 0, 255)
            add(f"png colours {depth} tRNS{end}",
                png(colours, COLOUR, depth, interlaced, chunk(b"tRNS", struct.pack(">HHH", *map(int, clear)))),
                of_rgba(np.dstack([colours >> (depth - 8), transparent])))
            add(f"png grey and alpha {depth}{end}",
                png(numbers(*size, 2, most, depth + 50), GREY_ALPHA, depth, interlaced))
            add(f"png colours and alpha {depth}{end}",
                png(numbers(*size, 4, most, depth + 60), COLOUR_ALPHA, depth, interlaced))
    alphas = np.stack(np.meshgrid([0, 1, 77, 128, 254, 255], np.arange(256), indexing="ij"), axis=-1)
    add("png every alpha", png(alphas, GREY_ALPHA, 8))
    for height, width in ((1, 1), (1, 9), (9, 1), (2, 3), (3, 2), (4, 4), (8, 8), (9, 10)):
        add(f"png interlaced {height}x{width}",
            png(numbers(height, width, 3, 255, height), COLOUR, 8, True))
    values = numbers(*size, 3, 255, 70)
    for name, data in (("gAMA", struct.pack(">I", 100000)), ("gAMA of a screen", struct.pack(">I", 45455)),
                       ("sRGB", b"\0"), ("cHRM", struct.pack(">8I", *(31270, 32900, 70000, 30000, 20000, 70000, 15000,
                                                                      5000))),
                       ("sBIT", b"\5\6\5"), ("bKGD", b"\0\1\0\2\0\3"), ("pHYs", struct.pack(">IIB", 1, 2, 1))):
        add(f"png with {name}", png(values, COLOUR, 8, before=chunk(name[:4].encode(), data)))
    add("png 16 with gAMA", png(numbers(*size, 3, 65535, 71), COLOUR, 16,
                                before=chunk(b"gAMA", struct.pack(">I", 100000))))
    for orientation in range(1, 9):
        data = chunk(b"eXIf", tiff(orientation, orientation % 2 == 0))
        around = {"before": data} if orientation % 3 else {"after": data}
        add(f"png with orientation {orientation}", png(values, COLOUR, 8, **around))


def add_jpegs():
    colours, grey, inks = smooth(11, 13, 3), smooth(11, 13, 1)[..., 0], smooth(11, 13, 4)
    add("jpeg grey", jpeg(grey), tolerance=1)
    for name, subsampling in (("4:4:4", 0), ("4:2:2", 1), ("4:2:0", 2)):
        for progressive in (False, True):
            add(f"jpeg {name}{' progressive' if progressive else ''}",
                jpeg(colours, subsampling=subsampling, progressive=progressive), tolerance=1)
    for red, green, blue in ((255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 10, 120)):
        add(f"jpeg of {red} {green} {blue}", jpeg(np.full((8, 8, 3), (red, green, blue)), subsampling=0), tolerance=1)
    add("jpeg rgb", jpeg(colours, keep_rgb=True), tolerance=1)
    cmyk = jpeg(inks, mode="CMYK")
    add("jpeg cmyk", cmyk, tolerance=1)
    place = cmyk.index(b"Adobe")
    add("jpeg cmyk without the mark of Adobe", cmyk[:place - 4] + cmyk[place + 12:], tolerance=1)
    add("jpeg ycck", cmyk[:place + 11] + b"\2" + cmyk[place + 12:], tolerance=1)
    for orientation in range(0, 10):
        for big_endian in (False, True):
            add(f"jpeg with orientation {orientation} {'MM' if big_endian else 'II'}",
                jpeg(grey, exif(orientation, big_endian)), tolerance=1)
    for name, segments in (("of a long number", exif(6, True, 4)), ("before XMP", exif(6, False) + xmp()),
                           ("behind XMP", xmp() + exif(6, False)), ("in XMP alone", xmp(6)),
                           ("in XMP as an element", xmp(8, True)), ("in both", exif(6, False) + xmp(3)),
                           ("twice", exif(6, False) + exif(3, False))):
        add(f"jpeg with orientation {name}", jpeg(grey, segments), tolerance=1)


add_pngs()
add_jpegs()
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pillow_cases.json")
with open(path, "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
print(len(cases), "cases,", os.path.getsize(path), "bytes")
