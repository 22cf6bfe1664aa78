"""Bits per byte of each language."""

from model_figures.common import bits_per_byte

FIGURES = {"bits_per_byte": bits_per_byte}
