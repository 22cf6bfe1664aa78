"""Bits per byte of each language."""

from model_figures.common import bits_per_byte, generated

BEGINNINGS = ["Once upon a time", "The old man", "In the morning", "History shows that", "Il était une fois", "Le vieil homme", "Au matin",
              "On voit dans cette histoire que", "Die Datei", "Es ist nicht", "Der Benutzer muss", "No se pudo", "La base de datos",
              "El usuario", "Impossibile", "Il file", "Det går inte att", "Filen är", "Не удалось", "Неможливо"]


def samples(parvis, data, texts):
    """Twenty beginnings, of each language some."""
    return generated(parvis, BEGINNINGS, 40, 0.8)


FIGURES = {"bits_per_byte": bits_per_byte}
