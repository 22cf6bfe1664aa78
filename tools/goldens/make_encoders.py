#!/usr/bin/env python3
"""Makes tiny random encoders of the BERT kind, each with one head, and transformers' numbers.

Each folder tests/golden/encoders/<name>/ holds a checkpoint in Hugging Face layout and
golden.safetensors (README.md beside this script). Usage: make_encoders.py [OUT_DIR [NAME...]]
"""

import copy
import pathlib
import sys

import torch
import transformers
from make_models import ROOT, draw_parameters, save_checkpoint, save_goldens

LENGTHS = (6, 70, 17)  # of the sequences of a golden: within a page and over several

BERT = dict(
    model_type="bert",
    vocab_size=240,
    hidden_size=24,
    num_hidden_layers=2,
    num_attention_heads=3,
    intermediate_size=40,
    hidden_act="gelu",
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
    max_position_embeddings=80,
    type_vocab_size=2,
    layer_norm_eps=1e-12,
    pad_token_id=0,
    tie_word_embeddings=True,
)
ROBERTA = BERT | dict(
    model_type="roberta",
    vocab_size=320,
    num_attention_heads=2,
    max_position_embeddings=82,
    type_vocab_size=1,
    layer_norm_eps=1e-5,
    bos_token_id=0,
    pad_token_id=1,
    eos_token_id=2,
)
# RoBERTa in other languages: the same arithmetic under other names.
CAMEMBERT = ROBERTA | dict(
    model_type="camembert", vocab_size=90, hidden_size=16, intermediate_size=24
)
XLM_ROBERTA = CAMEMBERT | dict(model_type="xlm-roberta")
DISTILBERT = dict(
    model_type="distilbert",
    vocab_size=240,
    dim=20,
    n_layers=2,
    n_heads=2,
    hidden_dim=44,
    activation="gelu",
    dropout=0.0,
    attention_dropout=0.0,
    qa_dropout=0.0,
    seq_classif_dropout=0.0,
    max_position_embeddings=80,
    sinusoidal_pos_embds=False,
    pad_token_id=0,
    tie_word_embeddings=True,
)


def labels(*names):
    return dict(
        id2label={str(i): name for i, name in enumerate(names)},
        label2id={name: i for i, name in enumerate(names)},
    )


# What older checkpoints call the norms.
OLD_NAMES = (("LayerNorm.weight", "LayerNorm.gamma"), ("LayerNorm.bias", "LayerNorm.beta"))

# name: (config, architecture)
MODELS = {
    "bert_masked_lm": (BERT, "BertForMaskedLM"),
    "bert_pooled": (BERT, "BertModel"),
    "bert_sequence": (
        BERT
        | labels("good", "bad", "so so")
        | dict(problem_type="multi_label_classification", hidden_act="relu"),
        "BertForSequenceClassification",
    ),
    "bert_tokens": (
        BERT | labels("O", "B-PER", "I-PER", "B-LOC", "I-LOC"),
        "BertForTokenClassification",
    ),
    "bert_span": (BERT, "BertForQuestionAnswering"),
    "roberta_masked_lm": (ROBERTA, "RobertaForMaskedLM"),
    "roberta_sequence": (
        ROBERTA | labels("joy", "fear", "anger", "none"),
        "RobertaForSequenceClassification",
    ),
    "roberta_tokens": (ROBERTA | labels("O", "B-PER", "I-PER"), "RobertaForTokenClassification"),
    "roberta_span": (ROBERTA, "RobertaForQuestionAnswering"),
    "distilbert_bare": (DISTILBERT, "DistilBertModel"),
    "distilbert_masked_lm": (DISTILBERT | dict(tie_word_embeddings=False), "DistilBertForMaskedLM"),
    "distilbert_sequence": (
        DISTILBERT | labels("NEGATIVE", "POSITIVE"),
        "DistilBertForSequenceClassification",
    ),
    "distilbert_tokens": (
        DISTILBERT | labels("O", "PER", "LOC", "ORG"),
        "DistilBertForTokenClassification",
    ),
    "distilbert_span": (DISTILBERT, "DistilBertForQuestionAnswering"),
    "camembert_masked_lm": (CAMEMBERT, "CamembertForMaskedLM"),
    "xlm_roberta_sequence": (XLM_ROBERTA | labels("non", "oui"), "XLMRobertaForSequenceClassification"),
}
RENAMED = {
    "bert_tokens": OLD_NAMES,
    # transformers lists the tied matrix under the head's name and saves it under the embedding's.
    "camembert_masked_lm": (
        ("lm_head.decoder.weight", "roberta.embeddings.word_embeddings.weight"),
    ),
}
# Losses and gradients: a language model and both kinds of labels.
WITH_GRADIENTS = {"bert_masked_lm", "roberta_sequence", "distilbert_tokens"}


def make_checkpoint(folder, config, architecture, generator, renamed=()):
    """Saves a random checkpoint and returns the model that transformers loads from it."""
    kind = getattr(transformers, architecture)
    made = transformers.AutoConfig.for_model(**copy.deepcopy(config))
    model = kind(made)
    draw_parameters(model, generator)
    parameters = dict(model.named_parameters())  # a tied matrix and its bias appear once
    state = {name: tensor.detach().clone().contiguous() for name, tensor in parameters.items()}
    stored = {}
    for name, tensor in state.items():
        for new, old in renamed:
            name = name.replace(new, old)
        stored[name] = tensor
    save_checkpoint(folder, config | dict(architectures=[architecture]), stored, 1)
    model = kind.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    for name, tensor in model.named_parameters():  # nothing was left at its initial value
        assert torch.equal(tensor, state[name]), name
    return model


def inputs_of(config, length, generator):
    """Token ids without padding, and types where the model has them: a first and a second text."""
    ids = torch.randint(5, config["vocab_size"], (1, length), generator=generator)
    inputs = dict(input_ids=ids)
    if config.get("type_vocab_size", 0) > 0:
        types = (torch.arange(length)[None] >= length // 3).long()
        inputs["token_type_ids"] = types.clamp(max=config["type_vocab_size"] - 1)
    return inputs


def scores_of(out):
    """(rows, labels) or (1, labels) of one sequence; of a bare model, its pooled first row."""
    if "start_logits" in out:
        return torch.stack([out.start_logits[0], out.end_logits[0]], dim=1)
    if "logits" in out:
        return out.logits[0] if out.logits.dim() == 3 else out.logits
    return out.get("pooler_output")


def goldens(model, config, generator):
    """Each sequence on its own. Scores of a language model: of every sixth row."""
    parts, scores = {}, []
    for length in LENGTHS:
        inputs = inputs_of(config, length, generator)
        out = model(**inputs, output_hidden_states=True)
        part = {"input_ids": inputs["input_ids"][0]}
        part["token_types"] = inputs.get("token_type_ids", torch.zeros(1, length))[0].long()
        for layer, hidden in enumerate(out.hidden_states):
            part[f"hidden.{layer}"] = hidden[0]
        for name, tensor in part.items():
            parts.setdefault(name, []).append(tensor)
        if scores_of(out) is not None:
            scores.append(scores_of(out))
    tensors = {name: torch.cat(rows).detach() for name, rows in parts.items()}
    tensors["lengths"] = torch.tensor(LENGTHS)
    if not scores:
        return tensors, None
    scores = torch.cat(scores)
    rows = torch.arange(0, len(scores), 6 if scores.shape[1] == config["vocab_size"] else 1)
    tensors |= {"rows": rows, "logits": scores[rows].detach()}
    return tensors, scores


def gradients(model, scores, generator):
    """The mean loss of some rows' random targets, and the gradient of every parameter."""
    targets = torch.randint(0, scores.shape[1], (scores.shape[0],), generator=generator)
    if len(targets) > len(LENGTHS):  # scores of rows: most do not count
        targets[torch.rand(len(targets), generator=generator) < 0.7] = -1
    loss = torch.nn.functional.cross_entropy(scores, targets, ignore_index=-1)
    loss.backward()
    tensors = {"targets": targets, "loss": loss.detach().reshape(1)}
    for name, parameter in model.named_parameters():
        tensors[f"gradient/{name}"] = parameter.grad.clone()
    return tensors


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests/golden/encoders"
    names = sys.argv[2:] or list(MODELS)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for number, (name, (config, architecture)) in enumerate(MODELS.items()):
        if name not in names:
            continue
        generator = torch.Generator().manual_seed(2000 + number)
        renamed = RENAMED.get(name, ())
        model = make_checkpoint(out / name, config, architecture, generator, renamed)
        tensors, scores = goldens(model, config, generator)
        spread = tensors["logits"].std().item() if scores is not None else 0.0
        if name in WITH_GRADIENTS:
            tensors |= gradients(model, scores, generator)
        save_goldens(out / name / "golden.safetensors", tensors, None)
        print(name, {"standard_deviation": f"{spread:.3f}"})


if __name__ == "__main__":
    main()
