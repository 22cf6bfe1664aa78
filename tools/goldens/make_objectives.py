#!/usr/bin/env python3
"""Ten AdamW steps of each objective on models of tests/golden that are there already.

Writes tests/golden/objectives/<case>.safetensors (README.md beside this script).
Usage: make_objectives.py [OUT_DIR [CASE...]]
"""

import copy
import pathlib
import sys

import torch
import transformers
from make_models import ROOT, save_goldens

STEPS = 10
LENGTHS = (9, 14, 6)  # of the sequences of a step; each is computed on its own
LABELS = 3
BETA = 0.1  # of preferences
SAMPLES = 12  # numbers of each parameter that are kept

# case: (folder of the checkpoint, class, what is learned)
CASES = {
    "masked_bert": ("encoders/bert_masked_lm", "BertForMaskedLM", "masked"),
    "labels_roberta": ("encoders/roberta_sequence", "RobertaForSequenceClassification", "labels"),
    "multi_labels_bert": ("encoders/bert_sequence", "BertForSequenceClassification", "multi"),
    "token_labels_bert": ("encoders/bert_tokens", "BertForTokenClassification", "tokens"),
    "answers_bert": ("encoders/bert_span", "BertForQuestionAnswering", "answers"),
    "labels_llama": ("models/llama_gqa", "LlamaForSequenceClassification", "labels"),
    "labels_gpt2": ("models/gpt2_tiny", "GPT2ForSequenceClassification", "labels"),
    "labels_bloom": ("models/bloom_tiny", "BloomForSequenceClassification", "labels"),
    "labels_t5": ("models/t5_v1_1", "T5ForSequenceClassification", "labels"),
    "chat_llama": ("models/llama_gqa", "LlamaForCausalLM", "chat"),
    "chat_gpt2": ("models/gpt2_tiny", "GPT2LMHeadModel", "chat"),
    "chat_bloom": ("models/bloom_tiny", "BloomForCausalLM", "chat"),
    "chat_t5": ("models/t5_v1_1", "T5ForConditionalGeneration", "chat"),
    "preference_llama": ("models/llama_gqa", "LlamaForCausalLM", "preference"),
    "preference_gpt2": ("models/gpt2_tiny", "GPT2LMHeadModel", "preference"),
    "preference_bloom": ("models/bloom_tiny", "BloomForCausalLM", "preference"),
    "preference_t5": ("models/t5_v1_1", "T5ForConditionalGeneration", "preference"),
    "pairs_t5": ("models/t5_v1_1", "T5ForConditionalGeneration", "pairs"),
    "contrastive_bert": ("encoders/bert_masked_lm", "BertForMaskedLM", "contrastive"),
    "contrastive_masked_bert": ("encoders/bert_masked_lm", "BertForMaskedLM", "contrastive+masked"),
}


def load(folder, architecture, generator):
    """The model, and the parameters that the checkpoint does not hold, drawn here."""
    kind = getattr(transformers, architecture)
    options = dict(dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    if folder.startswith("models/") and "Classification" in architecture:
        options["num_labels"] = LABELS
    model, info = kind.from_pretrained(ROOT / "tests/golden" / folder, **options)
    drawn = {}
    for name, parameter in model.named_parameters():
        if name not in info["missing_keys"]:
            continue
        assert name.startswith(("score.", "classification_head.")), name
        with torch.no_grad():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.2)
        drawn[name] = parameter.detach().clone()
    return model.eval(), drawn


def draw_answers(ids, config, generator):
    """What of a conversation the assistant says: runs of it, the last of them at the end."""
    targets = torch.full_like(ids, -100)
    first = int(torch.randint(2, len(ids) - 2, (1,), generator=generator))
    targets[first:] = ids[first:]
    if config.model_type != "t5" and len(ids) > 8:  # what stands before is one text there
        targets[1:3] = ids[1:3]
        targets[-3] = -100
    return targets


def draw_targets(goal, config, length, generator):
    if goal == "masked":
        targets = torch.randint(5, config.vocab_size, (length,), generator=generator)
        targets[torch.rand(length, generator=generator) < 0.7] = -100
        targets[1] = 7
        return targets
    if goal == "tokens":
        targets = torch.randint(0, config.num_labels, (length,), generator=generator)
        targets[torch.rand(length, generator=generator) < 0.3] = -100
        return targets
    if goal == "pairs":
        return torch.randint(5, 25, (length,), generator=generator)
    if goal == "answers":
        return torch.sort(torch.randint(0, length, (2,), generator=generator)).values
    if goal == "multi":
        return torch.randint(0, 2, (config.num_labels,), generator=generator)
    return torch.randint(0, config.num_labels, (1,), generator=generator)


def loss_of(model, goal, ids, types, targets):
    """The sum over what counts, and how much that is; as transformers computes its mean."""
    inputs = dict(input_ids=ids[None])
    if getattr(model.config, "type_vocab_size", 0) > 1:
        inputs["token_type_ids"] = types[None]
    if goal == "answers":
        loss = model(**inputs, start_positions=targets[:1], end_positions=targets[1:]).loss
        return 2 * loss, 2
    if goal == "multi":
        return model(**inputs, labels=targets[None].float()).loss * len(targets), len(targets)
    count = int((targets >= 0).sum())
    if goal == "chat" and model.config.model_type == "t5":
        first = len(ids) - count
        return model(input_ids=ids[None, :first], labels=ids[None, first:]).loss * count, count
    labels = targets if goal == "labels" else targets[None]
    return model(**inputs, labels=labels).loss * count, count


def log_probability(model, ids, first):
    """Of ids[first:], given what stands before it."""
    if model.config.model_type == "t5":
        logits = model(input_ids=ids[None, :first], labels=ids[None, first:]).logits[0]
    else:
        logits = model(input_ids=ids[None]).logits[0, first - 1:-1]
    return torch.log_softmax(logits, -1).gather(1, ids[first:, None]).sum()


def preference_loss(model, reference, ids, targets):
    """Direct preference optimisation, the formula of Rafailov et al. 2023, and its reward margin. The first
    half of the tokens, less one, is prompt and chosen, the rest prompt and rejected."""
    length, gains = len(ids) // 2, []
    for part, own in ((ids[:length], targets[:length]), (ids[length:], targets[length:])):
        first = int((own < 0).sum())
        with torch.no_grad():
            before = log_probability(reference, part, first)
        gains.append(log_probability(model, part, first) - before)
    margin = BETA * (gains[0] - gains[1])
    return -torch.nn.functional.logsigmoid(margin), margin.detach()


def contrastive_loss(model, step, goal):
    """Each text is to be found by its partner, both ways, among those of the step; cosines of means over 0.05.
    With hidden tokens 0.3 of their mean loss is added."""
    sides, logits = [[], []], []
    for ids, _, _ in step:
        for side, part in zip(sides, (ids[: len(ids) // 2], ids[len(ids) // 2 :])):
            hidden = model.bert(input_ids=part[None]).last_hidden_state[0]
            side.append(torch.nn.functional.normalize(hidden.mean(0), dim=0))
            logits.append(model.cls(hidden))
    scores = torch.stack(sides[0]) @ torch.stack(sides[1]).T / 0.05
    right = torch.arange(len(step))
    entropy = torch.nn.functional.cross_entropy
    loss = (entropy(scores, right) + entropy(scores.T, right)) / 2
    if goal == "contrastive":
        return loss
    return loss + 0.3 * entropy(torch.cat(logits), torch.cat([targets for _, _, targets in step]))


def draw_pair(length, generator):
    """Prompt and chosen, then the same prompt and a rejected answer that is a token longer."""
    prompt = torch.randint(5, 25, (length // 3,), generator=generator)
    parts = []
    for size in (length, length + 1):
        answer = torch.randint(5, 25, (size - len(prompt),), generator=generator)
        parts.append((torch.cat([prompt, answer]), torch.cat([torch.full_like(prompt, -100), answer])))
    ids, targets = (torch.cat(both) for both in zip(*parts))
    return ids, torch.zeros_like(ids), targets


def draw_step(model, goal, generator):
    """Sequences of few different tokens, so that there is something to learn."""
    step = []
    for length in LENGTHS:
        if goal in ("preference", "contrastive", "contrastive+masked"):
            ids, types, targets = draw_pair(length, generator)
            if goal == "contrastive+masked":
                targets = draw_targets("masked", model.config, len(ids), generator)
            step.append((ids, types, targets))
            continue
        ids = torch.randint(5, 25, (length,), generator=generator)
        if model.config.model_type == "t5":  # its classifier looks for the end
            ids[-1] = model.config.eos_token_id
        types = (torch.arange(length) >= length // 3).long()
        targets = (draw_answers(ids, model.config, generator) if goal == "chat"
                   else draw_targets(goal, model.config, length, generator))
        step.append((ids, types, targets))
    return step


def goldens(model, goal, generator):
    decayed = [p for p in model.parameters() if p.dim() == 2]
    plain = [p for p in model.parameters() if p.dim() != 2]
    optimizer = torch.optim.AdamW(
        [dict(params=decayed, weight_decay=0.1), dict(params=plain, weight_decay=0.0)],
        lr=1e-3,
        betas=(0.9, 0.95),
        eps=1e-8,
        foreach=False,
    )
    losses, norms, steps, margins = [], [], [], []
    reference = copy.deepcopy(model) if goal == "preference" else None
    for _ in range(STEPS):
        step = draw_step(model, goal, generator)
        optimizer.zero_grad()
        if goal == "preference":
            pairs = [preference_loss(model, reference, ids, targets) for ids, _, targets in step]
            margins.append(sum(pair[1] for pair in pairs) / len(pairs))
            loss = sum(pair[0] for pair in pairs) / len(pairs)
        elif goal.startswith("contrastive"):
            loss = contrastive_loss(model, step, goal)
        else:
            parts = [loss_of(model, goal, *sequence) for sequence in step]
            loss = sum(part[0] for part in parts) / sum(part[1] for part in parts)
        loss.backward()
        for parameter in model.parameters():  # a head that is not taught is decayed all the same
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=False))
        losses.append(loss.detach())
        steps.append(step)
        optimizer.step()
    tensors = {
        "input_ids": torch.stack([torch.cat([s[0] for s in step]) for step in steps]),
        "token_types": torch.stack([torch.cat([s[1] for s in step]) for step in steps]),
        "targets": torch.stack([torch.cat([s[2] for s in step]) for step in steps]),
        "losses": torch.stack(losses),
        "gradient_norms": torch.stack(norms),
    }
    if goal.startswith("contrastive"):
        del tensors["token_types"]
    if goal == "contrastive":
        del tensors["targets"]
    if margins:
        tensors["margins"] = torch.stack(margins)
    for name, parameter in model.named_parameters():
        values = parameter.detach().flatten()
        count = min(SAMPLES, len(values))
        at = [i * len(values) // count for i in range(count)]
        tensors[f"parameter/{name}"] = values[at]
    return tensors


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests/golden/objectives"
    names = sys.argv[2:] or list(CASES)
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for number, (name, (folder, architecture, goal)) in enumerate(CASES.items()):
        if name not in names:
            continue
        generator = torch.Generator().manual_seed(4000 + number)
        model, drawn = load(folder, architecture, generator)
        tensors = goldens(model, goal, generator)
        tensors |= {f"drawn/{key}": value for key, value in drawn.items()}
        save_goldens(out / f"{name}.safetensors", tensors, None)
        losses = ", ".join(f"{loss:.4f}" for loss in tensors["losses"].tolist())
        print(name, losses, list(drawn))


if __name__ == "__main__":
    main()
