#!/usr/bin/env python3
"""Makes tiny random encoders of the BERT kind, each with one head, and transformers' numbers.

Each folder tests/golden/encoders/<name>/ holds a checkpoint in Hugging Face layout and
golden.safetensors (README.md beside this script). Usage: make_encoders.py [OUT_DIR]
"""

import copy
import pathlib
import sys

import torch
import transformers
from make_models import ROOT, draw_parameters, save_checkpoint, save_goldens

LENGTHS = (7, 75, 40)  # of the sequences of a golden: within a page and over several

BERT = dict(
    model_type="bert",
    vocab_size=91,
    hidden_size=48,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=64,
    hidden_act="gelu",
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
    max_position_embeddings=96,
    type_vocab_size=2,
    layer_norm_eps=1e-12,
    pad_token_id=0,
    tie_word_embeddings=True,
)
ROBERTA = BERT | dict(
    model_type="roberta",
    max_position_embeddings=98,
    type_vocab_size=1,
    layer_norm_eps=1e-5,
    bos_token_id=0,
    pad_token_id=1,
    eos_token_id=2,
)
DISTILBERT = dict(
    model_type="distilbert",
    vocab_size=89,
    dim=40,
    n_layers=2,
    n_heads=4,
    hidden_dim=56,
    activation="gelu",
    dropout=0.0,
    attention_dropout=0.0,
    qa_dropout=0.0,
    seq_classif_dropout=0.0,
    max_position_embeddings=96,
    sinusoidal_pos_embds=False,
    pad_token_id=0,
    tie_word_embeddings=True,
)


def labels(count):
    names = [f"label {i}" for i in range(count)]
    return dict(
        id2label={str(i): name for i, name in enumerate(names)},
        label2id={name: i for i, name in enumerate(names)},
    )


# name: (config, architecture)
MODELS = {
    "bert_masked_lm": (BERT, "BertForMaskedLM"),
    "bert_pooled": (BERT, "BertModel"),
    "bert_sequence": (BERT | labels(3), "BertForSequenceClassification"),
    "bert_tokens": (BERT | labels(5), "BertForTokenClassification"),
    "bert_span": (BERT, "BertForQuestionAnswering"),
    "roberta_masked_lm": (ROBERTA, "RobertaForMaskedLM"),
    "roberta_sequence": (ROBERTA | labels(4), "RobertaForSequenceClassification"),
    "roberta_tokens": (ROBERTA | labels(3), "RobertaForTokenClassification"),
    "roberta_span": (ROBERTA, "RobertaForQuestionAnswering"),
    "distilbert_bare": (DISTILBERT, "DistilBertModel"),
    "distilbert_masked_lm": (DISTILBERT, "DistilBertForMaskedLM"),
    "distilbert_sequence": (DISTILBERT | labels(2), "DistilBertForSequenceClassification"),
    "distilbert_tokens": (DISTILBERT | labels(4), "DistilBertForTokenClassification"),
    "distilbert_span": (DISTILBERT, "DistilBertForQuestionAnswering"),
}


def make_checkpoint(folder, config, architecture, generator):
    """Saves a random checkpoint and returns the model that transformers loads from it."""
    kind = getattr(transformers, architecture)
    made = transformers.AutoConfig.for_model(**copy.deepcopy(config))
    model = kind(made)
    draw_parameters(model, generator)
    parameters = dict(model.named_parameters())  # a tied matrix and its bias appear once
    state = {name: tensor.detach().clone().contiguous() for name, tensor in parameters.items()}
    save_checkpoint(folder, config | dict(architectures=[architecture]), state, 1)
    model = kind.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    for name, tensor in model.named_parameters():  # nothing was left at its initial value
        assert torch.equal(tensor, state[name]), name
    return model


def inputs_of(config, length, generator):
    """Token ids without padding, and types where the model has them: a first and a second text."""
    ids = torch.randint(3, config["vocab_size"], (1, length), generator=generator)
    inputs = dict(input_ids=ids)
    if config.get("type_vocab_size", 0) > 0:
        types = (torch.arange(length)[None] >= length // 3).long()
        inputs["token_type_ids"] = types.clamp(max=config["type_vocab_size"] - 1)
    return inputs


def scores_of(out):
    """(rows, labels) or (1, labels) of one sequence; pooled, of a bare model."""
    if "start_logits" in out:
        return torch.stack([out.start_logits[0], out.end_logits[0]], dim=1)
    if "logits" in out:
        return out.logits[0] if out.logits.dim() == 3 else out.logits
    return out.get("pooler_output")


def goldens(model, config, generator):
    """Each sequence on its own; then the loss of some rows and every gradient."""
    parts = {}
    scores = []
    for length in LENGTHS:
        inputs = inputs_of(config, length, generator)
        out = model(**inputs, output_hidden_states=True)
        part = {"input_ids": inputs["input_ids"][0]}
        part["token_types"] = inputs.get("token_type_ids", torch.zeros(1, length))[0].long()
        for layer, hidden in enumerate(out.hidden_states):
            part[f"hidden.{layer}"] = hidden[0]
        part["mean"] = out.hidden_states[-1].mean(dim=1)
        score = scores_of(out)
        if score is not None:
            part["logits"] = score
            scores.append(score)
        for name, tensor in part.items():
            parts.setdefault(name, []).append(tensor)
    tensors = {name: torch.cat(rows).detach() for name, rows in parts.items()}
    tensors["lengths"] = torch.tensor(LENGTHS)
    if not hasattr(model.config, "architectures") or "logits" not in tensors:
        return tensors
    if model.config.architectures[0].endswith("Model"):
        return tensors
    all_scores = torch.cat(scores)
    targets = torch.randint(0, all_scores.shape[1], (all_scores.shape[0],), generator=generator)
    if len(targets) > len(LENGTHS):  # scores of rows: most do not count
        targets[torch.rand(len(targets), generator=generator) < 0.7] = -1
    loss = torch.nn.functional.cross_entropy(all_scores, targets, ignore_index=-1)
    loss.backward()
    tensors |= {"targets": targets, "loss": loss.detach().reshape(1)}
    for name, parameter in model.named_parameters():
        tensors[f"gradient/{name}"] = parameter.grad.clone()
    return tensors


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests/golden/encoders"
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for number, (name, (config, architecture)) in enumerate(MODELS.items()):
        generator = torch.Generator().manual_seed(2000 + number)
        model = make_checkpoint(out / name, config, architecture, generator)
        tensors = goldens(model, config, generator)
        save_goldens(out / name / "golden.safetensors", tensors, None)
        spread = tensors["logits"].std().item() if "logits" in tensors else 0.0
        print(name, {"standard_deviation": f"{spread:.3f}"})


if __name__ == "__main__":
    main()
