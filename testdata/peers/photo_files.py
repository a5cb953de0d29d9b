"""Writes small photos of many kinds into testdata/photos: photo_files.py FOLDER.
Each is 24x16: red on the left, blue on the right, its upper left corner green.
What is transparent is green under white."""
import sys
from pathlib import Path

import numpy
import PIL.Image

folder = Path(sys.argv[1])
folder.mkdir(exist_ok=True)
picture = numpy.zeros((16, 24, 3), numpy.uint8)
picture[:, :12], picture[:, 12:], picture[:8, :8] = (200, 40, 40), (40, 40, 200), (40, 160, 40)
image = PIL.Image.fromarray(picture)
lossy = {"quality": 95, "subsampling": 0}

image.convert("CMYK").save(folder / "cmyk.jpg", **lossy)
image.save(folder / "progressive.jpg", progressive=True, **lossy)
image.convert("L").save(folder / "grey.jpg", **lossy)
exif = PIL.Image.Exif()
exif[0x112] = 6  # seen after a quarter turn clockwise
image.transpose(PIL.Image.ROTATE_90).save(folder / "turned.jpg", exif=exif, **lossy)
image.transpose(PIL.Image.ROTATE_90).save(folder / "turned.webp", exif=exif, lossless=True)
image.transpose(PIL.Image.ROTATE_90).save(folder / "turned.tiff", tiffinfo={0x112: 6})
image.quantize(4).save(folder / "palette.png")
image.save(folder / "lossy.webp", quality=95)
image.save(folder / "lossless.webp", lossless=True)
image.save(folder / "plain.bmp")
image.quantize(4).save(folder / "palette.bmp")
image.save(folder / "lzw.tiff", compression="tiff_lzw")
image.quantize(4).save(folder / "plain.gif")

# Animations, of which the first picture is not the whole canvas.
clear = image.convert("RGBA")
clear.putalpha(PIL.Image.fromarray(numpy.where(numpy.arange(24) < 12, 255, 0).astype(numpy.uint8)[None].repeat(16, 0)))
clear.save(folder / "clear.png")
clear.save(folder / "clear.webp", lossless=True)
clear.save(folder / "clear-lossy.webp", quality=95)
black = PIL.Image.new("RGBA", (24, 16), "black")
clear.save(folder / "animated.webp", save_all=True, append_images=[black], lossless=True, duration=100)
clear.save(folder / "animated-lossy.webp", save_all=True, append_images=[black], quality=95, duration=100)
image.quantize(4).save(folder / "animated.gif", save_all=True, append_images=[black], duration=100)
clear.save(folder / "animated.png", save_all=True, append_images=[black], duration=100)
