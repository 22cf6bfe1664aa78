#!/usr/bin/env python3
"""Makes tiny random checkpoints and the numbers that Hugging Face and PyTorch compute from them.

Each folder tests/golden/models/<name>/ holds a checkpoint in Hugging Face layout, golden.safetensors
(forward pass and greedy text) and, for some, training.safetensors (losses, gradients, AdamW).
README.md beside this script explains every tensor. Usage: make_models.py [OUT_DIR [NAME...]]
"""

import copy
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM

ROOT = pathlib.Path(__file__).resolve().parents[2]
GREEDY_TOKENS = 32
GREEDY_MARGIN = 0.02  # smallest gap allowed between the two best logits of a greedy step
MAX_PROMPTS = 60
FIRST_BLOCK = ("embed_tokens", "wte", "wpe", "word_embeddings", "embed_in", "layers.0.", "h.0.")
FINAL_NORM = ("model.norm", "transformer.ln_f", "gpt_neox.final_layer_norm")

LLAMA = dict(
    model_type="llama",
    vocab_size=131,
    hidden_size=48,
    intermediate_size=80,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=4,
    max_position_embeddings=192,
    rms_norm_eps=1e-5,
    rope_theta=10000.0,
    rope_scaling=None,
    hidden_act="silu",
    attention_bias=False,
    mlp_bias=False,
    attention_dropout=0.0,
    tie_word_embeddings=False,
    bos_token_id=1,
    eos_token_id=2,
    architectures=["LlamaForCausalLM"],
)
GPT2 = dict(
    model_type="gpt2",
    vocab_size=101,
    n_embd=40,
    n_layer=2,
    n_head=4,
    n_positions=192,
    n_ctx=192,
    n_inner=None,
    activation_function="gelu_new",
    layer_norm_epsilon=1e-5,
    embd_pdrop=0.0,
    attn_pdrop=0.0,
    resid_pdrop=0.0,
    scale_attn_weights=True,
    tie_word_embeddings=True,
    bos_token_id=0,
    eos_token_id=0,
    architectures=["GPT2LMHeadModel"],
)

LLAMA_WORDS = {k: v for k, v in LLAMA.items() if k not in ("attention_bias", "mlp_bias")}
QWEN2 = LLAMA_WORDS | dict(
    model_type="qwen2",
    num_key_value_heads=2,
    use_sliding_window=False,
    sliding_window=16,
    max_window_layers=1,
    architectures=["Qwen2ForCausalLM"],
)
BLOOM = dict(
    model_type="bloom",
    vocab_size=107,
    hidden_size=48,
    n_layer=2,
    n_head=4,
    seq_length=192,
    layer_norm_epsilon=1e-5,
    apply_residual_connection_post_layernorm=False,
    hidden_dropout=0.0,
    attention_dropout=0.0,
    tie_word_embeddings=True,
    bos_token_id=1,
    eos_token_id=2,
    architectures=["BloomForCausalLM"],
)
GPT_NEOX = dict(
    model_type="gpt_neox",
    vocab_size=109,
    hidden_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=96,
    hidden_act="gelu",
    rotary_pct=0.25,
    rotary_emb_base=10000,
    max_position_embeddings=192,
    layer_norm_eps=1e-5,
    use_parallel_residual=True,
    attention_bias=True,
    attention_dropout=0.0,
    hidden_dropout=0.0,
    tie_word_embeddings=False,
    bos_token_id=0,
    eos_token_id=0,
    architectures=["GPTNeoXForCausalLM"],
)
GPT_J = dict(
    model_type="gptj",
    vocab_size=103,
    n_embd=48,
    n_layer=2,
    n_head=4,
    n_positions=192,
    n_inner=None,
    rotary_dim=8,
    activation_function="gelu_new",
    layer_norm_epsilon=1e-5,
    embd_pdrop=0.0,
    attn_pdrop=0.0,
    resid_pdrop=0.0,
    tie_word_embeddings=False,
    bos_token_id=0,
    eos_token_id=0,
    architectures=["GPTJForCausalLM"],
)

# Gains are stored less 1, and embeddings are multiplied by the square root of hidden_size.
GEMMA = LLAMA_WORDS | dict(
    model_type="gemma",
    vocab_size=61,
    hidden_size=24,
    intermediate_size=28,
    num_attention_heads=3,
    num_key_value_heads=1,
    head_dim=10,
    rms_norm_eps=1e-6,
    hidden_act="gelu_pytorch_tanh",
    tie_word_embeddings=True,
    bos_token_id=2,
    eos_token_id=1,
    architectures=["GemmaForCausalLM"],
)
# One matrix for q, k and v, one for the gate and up; half of each head rotated.
PHI3 = LLAMA_WORDS | dict(
    model_type="phi3",
    vocab_size=53,
    hidden_size=24,
    intermediate_size=28,
    num_attention_heads=2,
    num_key_value_heads=1,
    partial_rotary_factor=0.5,
    original_max_position_embeddings=192,
    sliding_window=18,
    pad_token_id=0,
    architectures=["Phi3ForCausalLM"],
)

# name: (config, {length of the golden sequence, stored dtype, number of shards, training goldens})
MODELS = {
    "llama_tiny": (LLAMA | dict(vocab_size=97, num_hidden_layers=3), {}),
    "llama_gqa": (
        LLAMA
        | dict(
            vocab_size=160,
            hidden_size=64,
            intermediate_size=64,
            num_key_value_heads=2,
            tie_word_embeddings=True,
        ),
        dict(length=150, training=True),
    ),
    "llama_rope_llama3": (
        LLAMA
        | dict(
            num_key_value_heads=1,
            hidden_size=64,
            intermediate_size=52,
            rope_scaling=dict(
                rope_type="llama3",
                factor=8.0,
                low_freq_factor=1.0,
                high_freq_factor=4.0,
                original_max_position_embeddings=32,
            ),
        ),
        dict(length=137, shards=3),
    ),
    "llama_rope_linear": (
        LLAMA | dict(rope_scaling=dict(rope_type="linear", factor=2.5)),
        dict(dtype=torch.bfloat16),
    ),
    "llama_yarn": (
        LLAMA
        | dict(
            rope_theta=500.0,
            rope_scaling=dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=48),
        ),
        dict(length=137, dtype=torch.float16),
    ),
    # This one writes the rope keys as transformers 5 does.
    "llama_bias_headdim": (
        {k: v for k, v in LLAMA.items() if not k.startswith("rope")}
        | dict(
            vocab_size=101,
            hidden_size=40,
            intermediate_size=72,
            num_key_value_heads=2,
            head_dim=14,
            attention_bias=True,
            mlp_bias=True,
            rms_norm_eps=1e-6,
            rope_parameters=dict(rope_type="default", rope_theta=5000.0),
        ),
        dict(training=True),
    ),
    "gpt2_tiny": (GPT2, dict(length=137, training=True)),
    # Names without "transformer.", as in the published GPT-2 checkpoints.
    "gpt2_untied": (
        GPT2 | dict(vocab_size=103, n_embd=36, n_head=3, n_inner=100, tie_word_embeddings=False),
        dict(strip_prefix=True),
    ),
    # Each sequence is longer than the window.
    "mistral_window": (
        LLAMA_WORDS
        | dict(
            model_type="mistral",
            num_key_value_heads=2,
            sliding_window=20,
            architectures=["MistralForCausalLM"],
        ),
        dict(length=90, training=True),
    ),
    # Its sliding_window does not count, as in the published ones.
    "qwen2": (QWEN2 | dict(tie_word_embeddings=True), dict(length=137)),
    "qwen3": (
        QWEN2
        | dict(
            model_type="qwen3", head_dim=16, attention_bias=False, architectures=["Qwen3ForCausalLM"]
        ),
        dict(training=True),
    ),
    "bloom_tiny": (BLOOM | dict(tie_word_embeddings=False), dict(length=137, training=True)),
    # Six heads: slopes between those of four and of eight. Names as in the published checkpoints.
    # Tied and without positions in the stream, a random model soon repeats one token.
    "bloom_six_heads": (BLOOM | dict(n_head=6), dict(strip_prefix=True, distinct=1)),
    "gpt_neox_parallel": (GPT_NEOX, dict(length=137, training=True)),
    "gpt_neox_sequential": (
        GPT_NEOX | dict(use_parallel_residual=False, rotary_pct=1.0, hidden_size=48),
        {},
    ),
    "gptj_tiny": (GPT_J, dict(length=90, training=True)),
    "gemma_tiny": (GEMMA, dict(dtype=torch.bfloat16, training=True, distinct=2)),
    "phi3_tiny": (PHI3, dict(dtype=torch.float16, training=True)),
}


EMBEDDINGS = ("embed_tokens", "wte", "lm_head", "word_embeddings.", "embed_in", "embed_out")
QUERIES_AND_KEYS = ("q_proj", "k_proj", "c_attn", "query_key_value", "qkv_proj")


def draw_parameters(model, generator):
    """Draws every parameter so that no gain, bias, attention pattern or logit is trivial."""
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if "norm" in name.lower() or ".ln_" in name:
            one = 0 if model.config.model_type == "gemma" else 1  # that it adds itself
            value = one + 0.3 * noise if name.endswith("weight") else 0.2 * noise
        elif name.endswith("bias"):
            value = 0.2 * noise
        elif any(part in name for part in EMBEDDINGS):
            value = 0.35 * noise
        elif "wpe" in name:
            value = 0.5 * noise
        else:  # a projection; GPT-2 stores (inputs, outputs), LLaMA (outputs, inputs)
            inputs = parameter.shape[0] if ".c_" in name else parameter.shape[1]
            value = noise * (1.3 if any(part in name for part in QUERIES_AND_KEYS) else 1.0)
            value = value / inputs**0.5
        with torch.no_grad():
            parameter.copy_(value)


def published(model, name):
    """The name in published checkpoints: transformers 5 renamed GPT-NeoX's output matrix."""
    if model.config.model_type == "gpt_neox":
        return name.replace("lm_head.", "embed_out.")
    return name


def save_checkpoint(folder, config, state, shards):
    """Writes config.json and the weights, over several files if shards > 1."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.safetensors*"):
        old.unlink()
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    metadata = {"format": "pt"}
    if shards == 1:
        save_file(state, folder / "model.safetensors", metadata)
        return
    names = list(state)
    weight_map = {}
    for shard in range(shards):
        part = names[shard * len(names) // shards : (shard + 1) * len(names) // shards]
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        save_file({n: state[n] for n in part}, folder / file, metadata)
        weight_map |= {n: file for n in part}
    size = sum(t.numel() * t.element_size() for t in state.values())
    index = {"metadata": {"total_size": size}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")


def make_checkpoint(folder, config, generator, dtype=torch.float32, shards=1, strip_prefix=False):
    """Saves a random checkpoint and returns the model that transformers loads from it."""
    made = AutoConfig.for_model(**copy.deepcopy(config))  # it edits rope_scaling
    model = AutoModelForCausalLM.from_config(made)
    draw_parameters(model, generator)
    state = {}
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight" and config["tie_word_embeddings"]:
            continue
        if strip_prefix:
            name = name.removeprefix("transformer.")
        state[published(model, name)] = tensor.to(dtype).contiguous().clone()
    stored = {"torch_dtype": str(dtype).removeprefix("torch."), "transformers_version": "4.44.0"}
    save_checkpoint(folder, config | stored, state, shards)
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    )
    for name, tensor in model.state_dict().items():  # nothing was left at its initial value
        key = published(model, name.removeprefix("transformer.") if strip_prefix else name)
        if key in state:
            assert torch.equal(tensor, state[key].float()), name
    return model.eval()


def forward_goldens(model, config, length, generator, distinct):
    """Logits, hidden states and greedy continuations."""
    vocab = config["vocab_size"]
    ids = torch.randint(3, vocab, (1, length), generator=generator)
    final_norm = next(m for name, m in model.named_modules() if name in FINAL_NORM)
    before_norm = []
    hook = final_norm.register_forward_hook(lambda _, inputs, __: before_norm.append(inputs[0]))
    with torch.no_grad():
        out = model(ids, output_hidden_states=True)
    hook.remove()
    layers = len(out.hidden_states) - 1
    tensors = {"input_ids": ids[0], "logits": out.logits[0]}
    for layer in range(layers):
        tensors[f"hidden.{layer}"] = out.hidden_states[layer][0]
    tensors[f"hidden.{layers}"] = before_norm[0][0]
    tensors["hidden.final"] = out.hidden_states[layers][0]
    with torch.no_grad():
        exact = model.double()(ids).logits[0]
    model.float()
    error = (exact - out.logits[0]).abs().max().item()
    spread = out.logits.std().item()
    margins = []
    for k, prompt_length in enumerate((5, 33, 70)):
        prompt, tokens, margin = greedy(model, vocab, prompt_length, generator, distinct)
        tensors[f"greedy.{k}.prompt"], tensors[f"greedy.{k}.tokens"] = prompt, tokens
        margins.append(margin)
    metadata = {
        "logit_standard_deviation": f"{spread:.3f}",
        "logit_difference_to_float64": f"{error:.2e}",
        "smallest_greedy_margin": f"{min(margins):.3f}",
    }
    return tensors, metadata


def greedy(model, vocab, prompt_length, generator, distinct):
    """A prompt whose greedy continuation rounding cannot change, and that continuation."""
    for _ in range(MAX_PROMPTS):
        prompt = torch.randint(3, vocab, (prompt_length,), generator=generator)
        ids, margin = prompt[None], float("inf")
        for _ in range(GREEDY_TOKENS):
            with torch.no_grad():
                logits = model(ids).logits[0, -1]
            best = logits.topk(2).values
            margin = min(margin, (best[0] - best[1]).item())
            ids = torch.cat([ids, logits.argmax()[None, None]], dim=1)
        if margin > GREEDY_MARGIN and ids[0, prompt_length:].unique().numel() >= distinct:
            return prompt, ids[0, prompt_length:], margin
    raise RuntimeError("no prompt has a stable greedy continuation: draw other weights")


def loss_of(model, documents):
    """Mean cross-entropy over every predicted token of separate documents."""
    total, count = 0.0, 0
    for ids in documents:
        logits = model(ids[None]).logits[0, :-1]
        total = total + torch.nn.functional.cross_entropy(logits, ids[1:], reduction="sum")
        count += ids.numel() - 1
    return total / count


def of_first_block(name):
    """Of the embeddings and the first block, on which everything above has worked backwards."""
    return any(part in name for part in FIRST_BLOCK)


def gradients(model, documents, prefix, only_from_first_block=False):
    """Loss and gradients. The first block's already depend on everything above it."""
    model.zero_grad()
    loss = loss_of(model, documents)
    loss.backward()
    tensors = {f"{prefix}.loss": loss.detach().reshape(1)}
    for name, parameter in model.named_parameters():
        if only_from_first_block and not of_first_block(name):
            continue
        tensors[f"{prefix}.gradient/{published(model, name)}"] = parameter.grad.clone()
    return tensors


def training_goldens(model, vocab, generator):
    """Loss and gradients of plain rows and of packed documents, then ten AdamW steps."""
    rows = torch.randint(3, vocab, (3, 37), generator=generator)
    tensors = {"rows.tokens": rows} | gradients(model, rows, "rows")
    lengths = [23, 41]
    packed = torch.randint(3, vocab, (sum(lengths),), generator=generator)
    tensors |= {"packed.tokens": packed, "packed.document_lengths": torch.tensor(lengths)}
    tensors |= gradients(model, packed.split(lengths), "packed", True)

    # Few different tokens, so that ten steps have something to learn.
    batches = torch.randint(3, 23, (10, 4, 29), generator=generator)
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
    for batch in batches:
        optimizer.zero_grad()
        loss = loss_of(model, batch)
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=False))
        losses.append(loss.detach())
        optimizer.step()
    tensors |= {
        "steps.tokens": batches,
        "steps.losses": torch.stack(losses),
        "steps.gradient_norms": torch.stack(norms),
    }
    for name, parameter in model.named_parameters():
        # The optimiser is the same for all families: two of them show every parameter, GPT-J six.
        few = model.config.model_type == "gptj" and not any(
            part in name for part in ("wte", "ln_1", "bias", "attn.out_proj"))
        if model.config.model_type in ("llama", "gpt2") or (of_first_block(name) and not few):
            tensors[f"steps.parameter/{published(model, name)}"] = parameter.detach().clone()
    return tensors


def save_goldens(path, tensors, metadata):
    flat = {}
    for name, tensor in tensors.items():
        kind = torch.float32 if tensor.is_floating_point() else torch.int32
        flat[name] = tensor.detach().to(kind).contiguous()
    # One entry, since safetensors writes several in no fixed order.
    save_file(flat, path, {"reference": json.dumps(metadata)} if metadata else None)


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests/golden/models"
    names = sys.argv[2:] or list(MODELS)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for number, (name, (config, options)) in enumerate(MODELS.items()):
        if name not in names:
            continue
        generator = torch.Generator().manual_seed(1000 + number)
        length, training = options.pop("length", 75), options.pop("training", False)
        distinct = options.pop("distinct", 5)
        model = make_checkpoint(out / name, config, generator, **options)
        tensors, metadata = forward_goldens(model, config, length, generator, distinct)
        save_goldens(out / name / "golden.safetensors", tensors, metadata)
        if training:
            tensors = training_goldens(model, config["vocab_size"], generator)
            save_goldens(out / name / "training.safetensors", tensors, None)
            metadata["losses"] = [round(x.item(), 3) for x in tensors["steps.losses"]]
            metadata["norms"] = [round(x.item(), 2) for x in tensors["steps.gradient_norms"]]
        print(name, metadata)


if __name__ == "__main__":
    main()
