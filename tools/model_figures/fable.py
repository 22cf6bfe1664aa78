"""Bits per byte, and grammar."""

from model_figures.common import bits_per_byte


def blimp(parvis, data, texts):
    """BLiMP: the share of pairs whose good sentence is the likelier one."""
    import zipfile

    folder = parvis.scratch / "blimp"
    with zipfile.ZipFile(data / "eval-blimp/BLiMP.zip") as archive:
        for name in archive.namelist():
            if name.endswith(".jsonl") and "__MACOSX" not in name:
                (folder / name.split("/")[-1]).parent.mkdir(exist_ok=True)
                (folder / name.split("/")[-1]).write_bytes(archive.read(name))
    return parvis.suite("minimal-pairs", folder)


FIGURES = {"bits_per_byte": bits_per_byte, "blimp": blimp}
