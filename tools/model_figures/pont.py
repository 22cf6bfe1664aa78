"""Translations and summaries."""

from model_figures import dictionary
from model_figures.common import pairs
from model_figures.summaries import summary


def translation(file):
    """BLEU and chrF (sacreBLEU's) both ways, with four beams, beside a word-for-word dictionary that is learned from the
    same pairs, and the source itself."""

    def measure(parvis, data, texts):
        path = data / "parallel-en-fr" / file
        result = {}
        for way, more in (("en-fr", []), ("fr-en", ["--reverse"])):
            source, target = way.split("-")
            sources = [p[1 if more else 0] for p in parvis.limited(pairs(path))]
            result[way] = {"model": parvis.suite("translation", path, "--from", source, "--to", target, "--beams", 4, *more)}
            if parvis.alone:
                continue
            words = dictionary.learned(texts, way)
            result[way].update({
                "dictionary": parvis.outputs("translation", path, [dictionary.translated(words, s) for s in sources], *more),
                "source": parvis.outputs("translation", path, sources, *more)})
        return result

    return measure


def samples(parvis, data, texts):
    """Every 337th sentence of Tatoeba's development set, both ways."""
    found = pairs(data / "parallel-en-fr/tatoeba_dev.tsv")[::337][:10]
    results = []
    for side, way in ((0, ("en", "fr")), (1, ("fr", "en"))):
        for pair in found:
            answer = parvis.run("translate", "--from", way[0], "--to", way[1], "--text", pair[side], "--beams", 4)
            results.append({"prompt": pair[side] + " ", "text": answer["text"]})
    return {"settings": {"beams": 4}, "results": results}


FIGURES = {
    "tatoeba": translation("tatoeba_dev.tsv"),
    "python-docs": translation("python_docs_test.tsv"),
    "php-docs": translation("php_docs_test.tsv"),
    "ntrex": translation("ntrex_dev.tsv"),
    "scitldr": summary("sum-scitldr/test.jsonl", "source", "target", "--beams", 4),
    "openstax": summary("sum-openstax-en/test.jsonl.xz", "source", "summary", "--beams", 4, most=40),
}
