#!/usr/bin/env python3
"""Makes LoRA adapters with Hugging Face's PEFT for the tiny models, and what PEFT computes of them.

Each folder tests/golden/adapters/<name>/ holds an adapter as PEFT writes it and golden.safetensors;
README.md beside this script says what is in it. Usage: make_adapters.py [OUT_DIR [NAME ...]]
"""

import pathlib
import shutil
import sys

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import (
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
)

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden"
CAUSAL, MASKED, PAIRS = AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSeq2SeqLM
LABELS = AutoModelForSequenceClassification

# name: (base, class, PEFT's settings)
ADAPTERS = {
    "llama": ("models/llama_gqa", CAUSAL, dict(r=3, lora_alpha=6, target_modules="all-linear")),
    "gpt2": (
        "models/gpt2_tiny",
        CAUSAL,
        dict(r=2, lora_alpha=5, target_modules=["c_attn", "mlp.c_proj"], fan_in_fan_out=True),
    ),
    "bloom": (
        "models/bloom_tiny",
        CAUSAL,
        dict(
            r=4,
            lora_alpha=4,
            use_rslora=True,
            target_modules=["query_key_value", "dense_4h_to_h"],
        ),
    ),
    "bert": (
        "encoders/bert_masked_lm",
        MASKED,
        dict(r=2, lora_alpha=4, target_modules=["query", "value", "intermediate.dense"]),
    ),
    "t5": ("models/t5_v1_1", PAIRS, dict(r=2, lora_alpha=4, target_modules=["q", "v", "wo"])),
    # Heads that are taught whole beside an adapter.
    "labels_llama": (
        "models/llama_gqa",
        LABELS,
        dict(
            r=2,
            lora_alpha=4,
            target_modules=["q_proj", "down_proj"],
            task_type="SEQ_CLS",
            modules_to_save=["score"],
        ),
    ),
    "labels_bert": (
        "encoders/bert_masked_lm",
        LABELS,
        dict(
            r=2,
            lora_alpha=4,
            target_modules=["query", "value"],
            task_type="SEQ_CLS",
            modules_to_save=["classifier", "pooler"],
        ),
    ),
    "labels_t5": (
        "models/t5_v1_1",
        LABELS,
        dict(
            r=2,
            lora_alpha=4,
            target_modules=["q", "v"],
            task_type="SEQ_CLS",
            modules_to_save=["classification_head"],
        ),
    ),
}


def lora_parameters(model):
    return {n: p for n, p in model.named_parameters() if p.requires_grad}


def published(name):
    """The name in adapter_model.safetensors."""
    return name.replace(".modules_to_save.", ".").replace(".default.", ".")


def loss_of(kind, model, rows, prompts, labels=None):
    """Mean over what is predicted: the next token; every third token from itself (nothing is masked); an answer."""
    if kind is LABELS:
        return torch.nn.functional.cross_entropy(model(rows).logits, labels)
    if kind is CAUSAL:
        logits, targets = model(rows).logits[:, :-1], rows[:, 1:]
    elif kind is MASKED:
        logits, targets = model(rows).logits[:, 1::3], rows[:, 1::3]
    else:
        answers = model.prepare_decoder_input_ids_from_labels(rows)
        logits, targets = model(input_ids=prompts, decoder_input_ids=answers).logits, rows
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


def texts(high, shape, generator, model):
    """Random tokens; before a T5's classifier with the end that it looks for."""
    ids = torch.randint(3, high, shape, generator=generator)
    if model.config.model_type == "t5" and model.config.num_labels == 3:
        ids[..., -1] = model.config.eos_token_id
    return ids


def training_goldens(kind, model, vocab, generator):
    """Gradients of three rows; then ten steps on few different tokens."""

    def prompts_of(high, shape):
        return torch.randint(3, high, shape, generator=generator) if kind is PAIRS else None

    def labels_of(shape):
        return torch.randint(0, 3, shape, generator=generator) if kind is LABELS else None

    rows = texts(vocab, (3, 21), generator, model)
    prompts, labels = prompts_of(vocab, (3, 13)), labels_of((3,))
    loss = loss_of(kind, model, rows, prompts, labels)
    loss.backward()
    tensors = {"rows.tokens": rows, "rows.loss": loss.detach().reshape(1)}
    if kind is PAIRS:
        tensors["rows.prompts"] = prompts
    if kind is LABELS:
        tensors["rows.labels"] = labels
    for name, parameter in lora_parameters(model).items():
        tensors["rows.gradient/" + published(name)] = parameter.grad.clone()
    learned = list(lora_parameters(model).values())
    groups = [
        {"params": [p for p in learned if p.dim() == 2]},
        {"params": [p for p in learned if p.dim() != 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(
        groups, lr=1e-3, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1, foreach=False
    )
    batches = texts(23, (10, 2, 21), generator, model)
    prompts, labels = prompts_of(23, (10, 2, 13)), labels_of((10, 2))
    losses, norms = [], []
    for step, batch in enumerate(batches):
        optimizer.zero_grad()
        loss = loss_of(
            kind,
            model,
            batch,
            prompts[step] if kind is PAIRS else None,
            labels[step] if kind is LABELS else None,
        )
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(learned, 1.0, foreach=False))
        losses.append(loss.detach())
        optimizer.step()
    tensors |= {
        "steps.tokens": batches,
        "steps.losses": torch.stack(losses),
        "steps.gradient_norms": torch.stack(norms),
    }
    if kind is PAIRS:
        tensors["steps.prompts"] = prompts
    if kind is LABELS:
        tensors["steps.labels"] = labels
    for name, parameter in lora_parameters(model).items():
        tensors["steps.parameter/" + published(name)] = parameter.detach().clone()
    return tensors


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN / "adapters"
    torch.set_num_threads(1)
    for number, (name, (base, kind, settings)) in enumerate(ADAPTERS.items()):
        if sys.argv[2:] and name not in sys.argv[2:]:
            continue
        generator = torch.Generator().manual_seed(7000 + number)
        more = dict(num_labels=3, pad_token_id=0) if kind is LABELS else {}
        model = kind.from_pretrained(
            GOLDEN / base, dtype=torch.float32, attn_implementation="eager", **more
        )
        vocab = model.config.vocab_size
        model = get_peft_model(model, LoraConfig(**settings)).eval()
        with torch.no_grad():
            for parameter in lora_parameters(model).values():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.2)
        folder = out / name
        shutil.rmtree(folder, ignore_errors=True)
        config = model.peft_config["default"]
        config.base_model_name_or_path = base
        config.target_modules = sorted(config.target_modules)
        model.save_pretrained(folder, safe_serialization=True)
        (folder / "README.md").unlink(missing_ok=True)
        ids = texts(vocab, (1, 17), generator, model)
        tensors = {"input_ids": ids[0]}
        with torch.no_grad():
            if kind is PAIRS:
                answer = torch.randint(3, vocab, (1, 9), generator=generator)
                tensors["decoder_input_ids"] = answer[0]
                tensors["logits"] = model(input_ids=ids, decoder_input_ids=answer).logits[0]
            else:
                tensors["logits"] = model(ids).logits[0]
        tensors |= training_goldens(kind, model, vocab, generator)
        flat = {}
        for key, tensor in tensors.items():
            dtype = torch.float32 if tensor.is_floating_point() else torch.int32
            flat[key] = tensor.detach().to(dtype).contiguous()
        save_file(flat, folder / "golden.safetensors")


if __name__ == "__main__":
    main()
