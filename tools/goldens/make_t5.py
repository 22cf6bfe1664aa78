#!/usr/bin/env python3
"""Makes tiny random T5 checkpoints and what Hugging Face transformers and PyTorch compute from them.

As make_models.py, for models with an encoder and a decoder: tests/golden/models/<name>/ gets a
checkpoint, golden.safetensors (forward pass, greedy text, beam search) and training.safetensors.
README.md beside this script explains every tensor. Usage: make_t5.py [OUT_DIR [NAME...]]
"""

import copy
import json
import pathlib
import sys

import torch
from make_models import GREEDY_MARGIN, GREEDY_TOKENS, ROOT, save_checkpoint, save_goldens
from transformers import AutoConfig, AutoModelForSeq2SeqLM
from transformers.models.t5.modeling_t5 import T5Attention

MAX_PROMPTS = 100
BEAM_TOKENS = 24
START = 0  # T5 begins its answers with the padding token
END = 1

T5 = dict(
    model_type="t5",
    vocab_size=67,
    d_model=16,
    d_kv=5,
    d_ff=20,
    num_layers=2,
    num_decoder_layers=2,
    num_heads=3,
    relative_attention_num_buckets=12,
    relative_attention_max_distance=40,
    layer_norm_epsilon=1e-6,
    feed_forward_proj="relu",
    dropout_rate=0.0,
    n_positions=160,
    is_encoder_decoder=True,
    tie_word_embeddings=True,
    decoder_start_token_id=START,
    pad_token_id=START,
    eos_token_id=END,
    architectures=["T5ForConditionalGeneration"],
)
GATED = T5 | dict(feed_forward_proj="gated-gelu", tie_word_embeddings=False)

# name: (config, {stored dtype, training goldens})
MODELS = {
    "t5_v1_0": (T5, dict(training="steps")),
    # More decoder layers than encoder layers.
    "t5_v1_1": (GATED | dict(num_layers=1, num_decoder_layers=3, d_kv=4), dict(training="gradients")),
    "mt5_tiny": (
        GATED
        | dict(
            model_type="mt5",
            num_layers=3,
            num_decoder_layers=1,
            num_heads=2,
            d_kv=10,
            relative_attention_num_buckets=32,
            relative_attention_max_distance=60,
            architectures=["MT5ForConditionalGeneration"],
        ),
        dict(dtype=torch.bfloat16),
    ),
}

# A checkpoint with a tokeniser, whose answers to texts are asked for: `text`, num_beams and so on as
# the configuration has them.
TEXT_PARAMS = {
    "summarization": dict(
        prefix="summarize: ", num_beams=4, length_penalty=2.0, early_stopping=True,
        min_length=8, max_length=20, no_repeat_ngram_size=3,
    ),
    "translation_en_to_fr": dict(
        prefix="translate English to French: ", num_beams=4, early_stopping=True, max_length=16,
    ),
}
TEXT = dict(n_positions=96, task_specific_params=TEXT_PARAMS)
TEXTS = {
    "translation_en_to_fr": ["The cat sees a red ball.", "One day they went to the sea, and it was warm."],
    "summarization": ["The dog ran over the hill. It was late. All the others sat at home and ate bread."],
}

# beams, length_penalty, early_stopping, num_return_sequences, min_new_tokens, no_repeat_ngram_size
BEAMS = [
    (4, 1.0, False, 4, 0, 0),
    (4, 2.0, True, 3, 0, 0),
    (3, 0.5, False, 1, 0, 0),
    (4, 1.0, True, 2, 0, 0),
    (4, 2.0, True, 3, 9, 2),
]


def draw_parameters(model, config, generator):
    """Draws every parameter so that no gain, bias, attention pattern or logit is trivial."""
    scaled = config["tie_word_embeddings"]
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if "layer_norm" in name:
            value = 1 + 0.3 * noise
            if scaled and name == "decoder.final_layer_norm.weight":
                value = 3.5 * value  # tied: for wide logits without large embeddings, which repeat
        elif "relative_attention_bias" in name:
            value = 1.2 * noise
        elif name in ("shared.weight", "lm_head.weight"):
            value = noise * (0.6 if scaled or name == "shared.weight" else 0.55)
        else:
            value = 1.4 * noise / parameter.shape[1] ** 0.5
            if name.endswith((".q.weight", ".k.weight")):
                value = value / config["d_kv"] ** 0.25  # scores are not scaled
        with torch.no_grad():
            parameter.copy_(value)


def make_checkpoint(folder, config, generator, dtype):
    """Saves a random checkpoint and returns the model that transformers loads from it."""
    model = AutoModelForSeq2SeqLM.from_config(AutoConfig.for_model(**copy.deepcopy(config)))
    if not config["tie_word_embeddings"]:  # transformers 5 ties until a file says otherwise
        model.lm_head.weight = torch.nn.Parameter(torch.empty_like(model.shared.weight))
    draw_parameters(model, config, generator)
    left_out = [".embed_tokens."] + ["lm_head."] * config["tie_word_embeddings"]
    state = {
        name: tensor.to(dtype).contiguous().clone()
        for name, tensor in model.state_dict().items()
        if not any(part in name for part in left_out)
    }
    stored = {"torch_dtype": str(dtype).removeprefix("torch."), "transformers_version": "4.44.0"}
    save_checkpoint(folder, config | stored, state, 1)
    model = AutoModelForSeq2SeqLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    )
    for name, tensor in model.state_dict().items():
        key = "shared.weight" if name not in state else name
        assert torch.equal(tensor, state[key].float()), name
    return model.eval()


def stream(module, ids, **arguments):
    """The residual stream before and after each block of one stack, and its final norm."""
    states = []
    hooks = [
        block.register_forward_pre_hook(lambda _, inputs: states.append(inputs[0]))
        for block in module.block
    ]
    hooks.append(
        module.final_layer_norm.register_forward_pre_hook(lambda _, inputs: states.append(inputs[0]))
    )
    with torch.no_grad():
        final = module(input_ids=ids, **arguments).last_hidden_state
    for hook in hooks:
        hook.remove()
    return [state[0] for state in states], final[0]


def forward_goldens(model, config, generator):
    vocab = config["vocab_size"]
    ids = torch.randint(3, vocab, (1, 75), generator=generator)
    answer = torch.randint(3, vocab, (1, 55), generator=generator)
    answer[0, 0] = START
    states, memory = stream(model.encoder, ids)
    tensors = {"input_ids": ids[0], "decoder_input_ids": answer[0], "encoder.hidden.final": memory}
    tensors |= {f"encoder.hidden.{i}": state for i, state in enumerate(states)}
    states, final = stream(model.decoder, answer, encoder_hidden_states=memory[None])
    tensors |= {f"hidden.{i}": state for i, state in enumerate(states)} | {"hidden.final": final}
    with torch.no_grad():
        logits = model(input_ids=ids, decoder_input_ids=answer).logits[0]
        exact = model.double()(input_ids=ids, decoder_input_ids=answer).logits[0]
    model.float()
    tensors["logits"] = logits
    metadata = {
        "logit_standard_deviation": f"{logits.std().item():.3f}",
        "logit_difference_to_float64": f"{(exact - logits).abs().max().item():.2e}",
    }
    for bidirectional in (True, False):  # the published number of buckets and distance
        buckets = T5Attention._relative_position_bucket(
            torch.arange(-300, 301), bidirectional, num_buckets=32, max_distance=128
        )
        tensors[f"buckets.{'both' if bidirectional else 'one'}"] = buckets
    return tensors, metadata


def greedy(model, vocab, prompt_length, generator):
    """A prompt whose greedy answer rounding cannot change, and that answer."""
    for _ in range(MAX_PROMPTS):
        prompt = torch.randint(3, vocab, (1, prompt_length), generator=generator)
        ids, margin = torch.tensor([[START]]), float("inf")
        for _ in range(GREEDY_TOKENS):
            with torch.no_grad():
                logits = model(input_ids=prompt, decoder_input_ids=ids).logits[0, -1]
            best = logits.topk(2).values
            margin = min(margin, (best[0] - best[1]).item())
            ids = torch.cat([ids, logits.argmax()[None, None]], dim=1)
        if margin > GREEDY_MARGIN and ids[0, 1:].unique().numel() >= 4:
            return prompt[0], ids[0, 1:], margin
    raise RuntimeError("no prompt has a stable greedy answer: draw other weights")


def beams(model, vocab, settings, generator):
    """A prompt whose beam search rounding cannot change, ending at several lengths."""
    count, penalty, early, returned, shortest, ngram = settings
    for _ in range(MAX_PROMPTS):
        prompt = torch.randint(3, vocab, (1, 41), generator=generator)
        # A random model hardly ever ends: its end is what comes soon in its likeliest answer.
        likely = model.generate(
            prompt, max_new_tokens=9, do_sample=False, eos_token_id=None, use_cache=False
        )[0, 1:]
        end = next((t for t in likely.tolist()[3:] if t not in likely[:3] and t != START), None)
        if end is None:
            continue

        def search(searched):
            out = searched.generate(
                prompt,
                num_beams=count,
                length_penalty=penalty,
                early_stopping=early,
                num_return_sequences=returned,
                max_new_tokens=BEAM_TOKENS,
                min_new_tokens=shortest,
                no_repeat_ngram_size=ngram,
                eos_token_id=end,
                use_cache=False,  # sized by the encoder's layers, the cache fails where those are fewer
                do_sample=False,
                output_scores=True,
                return_dict_in_generate=True,
            )
            return out.sequences[:, 1:], (out.beam_indices >= 0).sum(dim=1), out.sequences_scores

        tokens, lengths, scores = search(model)
        early_end = lengths.min() < BEAM_TOKENS and lengths.min() > 2
        apart = (scores[:-1] - scores[1:] > 2e-3).all() and (returned == 1 or lengths.unique().numel() > 1)
        exact = search(model.double())
        model.float()
        if early_end and apart and torch.equal(tokens, exact[0]) and torch.equal(lengths, exact[1]):
            return prompt[0], end, tokens, lengths, scores
    raise RuntimeError("no prompt has a stable beam search: draw other weights")


def loss_of(model, pairs):
    """Mean cross-entropy over every token of the answers."""
    total, count = 0.0, 0
    for ids, labels in pairs:
        logits = model(input_ids=ids[None], labels=labels[None]).logits[0]
        total = total + torch.nn.functional.cross_entropy(logits, labels, reduction="sum")
        count += labels.numel()
    return total / count


def gradient_goldens(model, vocab, generator):
    """Loss and gradients of two pairs."""
    ids = torch.randint(3, vocab, (23 + 47,), generator=generator)
    labels = torch.randint(3, vocab, (17 + 41,), generator=generator)
    model.zero_grad()
    loss = loss_of(model, list(zip(ids.split([23, 47]), labels.split([17, 41]))))
    loss.backward()
    tensors = {"pairs.input_ids": ids, "pairs.labels": labels, "pairs.loss": loss.reshape(1)}
    tensors |= {"pairs.lengths": torch.tensor([23, 47, 17, 41])}
    for name, parameter in model.named_parameters():
        tensors[f"pairs.gradient/{name}"] = parameter.grad.clone()
    return tensors


def step_goldens(model, vocab, generator):
    """Ten AdamW steps."""
    inputs = torch.randint(3, vocab, (10, 2, 19), generator=generator)
    answers = torch.randint(3, 17, (10, 2, 13), generator=generator)
    decayed = [p for p in model.parameters() if p.dim() == 2]
    plain = [p for p in model.parameters() if p.dim() != 2]
    optimizer = torch.optim.AdamW(
        [dict(params=decayed, weight_decay=0.1), dict(params=plain, weight_decay=0.0)],
        lr=1e-3,
        betas=(0.9, 0.95),
        eps=1e-8,
        foreach=False,
    )
    losses, norms = [], []
    for batch in zip(inputs, answers):
        optimizer.zero_grad()
        loss = loss_of(model, list(zip(*batch)))
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=False))
        losses.append(loss.detach())
        optimizer.step()
    tensors = {"steps.input_ids": inputs, "steps.labels": answers}
    tensors |= {"steps.losses": torch.stack(losses), "steps.gradient_norms": torch.stack(norms)}
    for name, parameter in model.named_parameters():
        tensors[f"steps.parameter/{name}"] = parameter.detach().clone()
    return tensors


def letter_tokenizer(size):
    """A Unigram tokeniser of single letters, with a few longer pieces."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    pieces = ["▁"] + list("abcdefghijklmnopqrstuvwxyzTEFOIA.,:") + ["▁the", "▁a", "at", "ed", "in"]
    pieces += ["▁to", "er", "▁was", "ll", "he", "or", "▁s", "▁b", "an", "re", "on", "it", "▁of"]
    vocab = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    vocab += [(piece, -2.0 - 0.05 * rank) for rank, piece in enumerate(pieces)]
    assert len(vocab) <= size
    tokenizer = Tokenizer(models.Unigram(vocab, unk_id=2))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in ("<pad>", "</s>", "<unk>")])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", END)]
    )
    return tokenizer


def text_goldens(folder, model, tokenizer):
    """What transformers answers to whole texts, and to sentences of one that is too long."""
    rows = []
    for task, texts in TEXTS.items():
        params = dict(TEXT_PARAMS[task])
        prefix = params.pop("prefix")
        for text in texts:
            ids = torch.tensor([tokenizer.encode(prefix + text).ids])
            for beams in (1, params["num_beams"]):
                settings = params | dict(num_beams=beams)
                if beams == 1:  # greedy: our engine's, which knows max_length alone
                    settings = dict(max_length=params["max_length"])
                out = model.generate(
                    ids, do_sample=False, use_cache=False, output_scores=True,
                    return_dict_in_generate=True, **settings,
                )
                answer = tokenizer.decode(out.sequences[0].tolist(), skip_special_tokens=True)
                row = dict(task=task, beams=beams, source=text, text=answer.strip())
                if beams > 1:
                    row["score"] = out.sequences_scores[0].item()
                rows.append(row)
    (folder / "texts.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


def make_text(folder, config, generator):
    model = make_checkpoint(folder, config, generator, torch.bfloat16)
    tokenizer = letter_tokenizer(config["vocab_size"])
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    words = dict(eos_token="</s>", pad_token="<pad>", unk_token="<unk>")
    (folder / "tokenizer_config.json").write_text(json.dumps(words, indent=1) + "\n")
    text_goldens(folder, model, tokenizer)


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests/golden/models"
    names = sys.argv[2:] or list(MODELS)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for number, (name, (config, options)) in enumerate(MODELS.items()):
        if name not in names:
            continue
        generator = torch.Generator().manual_seed(5000 + number)
        vocab = config["vocab_size"]
        dtype = options.get("dtype", torch.float32)
        model = make_checkpoint(out / name, config, generator, dtype)
        tensors, metadata = forward_goldens(model, config, generator)
        for k, length in enumerate((5, 33, 70)):
            prompt, tokens, margin = greedy(model, vocab, length, generator)
            tensors |= {f"greedy.{k}.prompt": prompt, f"greedy.{k}.tokens": tokens}
            metadata[f"greedy_margin.{k}"] = f"{margin:.3f}"
        for k, settings in enumerate(BEAMS):
            prompt, end, tokens, lengths, scores = beams(model, vocab, settings, generator)
            tensors |= {
                f"beams.{k}.settings": torch.tensor(
                    [settings[0], *settings[2:4], BEAM_TOKENS, end, *settings[4:]]
                ),
                f"beams.{k}.length_penalty": torch.tensor([settings[1]]),
                f"beams.{k}.prompt": prompt,
                f"beams.{k}.tokens": tokens,
                f"beams.{k}.lengths": lengths,
                f"beams.{k}.scores": scores,
            }
            print(name, settings, lengths.tolist(), [round(s, 3) for s in scores.tolist()])
        save_goldens(out / name / "golden.safetensors", tensors, metadata)
        if options.get("training"):
            make = step_goldens if options["training"] == "steps" else gradient_goldens
            tensors = make(model, vocab, generator)
            save_goldens(out / name / "training.safetensors", tensors, None)
            if "steps.losses" in tensors:
                metadata["losses"] = [round(x.item(), 3) for x in tensors["steps.losses"]]
        print(name, json.dumps(metadata))
    if "t5_text" in names or not sys.argv[2:]:
        make_text(out / "t5_text", T5 | TEXT, torch.Generator().manual_seed(5101))


if __name__ == "__main__":
    main()
