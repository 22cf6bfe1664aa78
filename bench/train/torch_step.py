#!/usr/bin/env python3
"""Training speed of PyTorch on this processor: a GPT-2 or a LLaMA with random weights and tokens.

    torch_step.py gpt2-124m|llama-15m [--batch B] [--length T] [--threads N] [--steps N] [--bf16]

One step is a forward pass, a backward pass and AdamW. It uses what PyTorch offers for speed: its
own attention (scaled_dot_product_attention), the fused AdamW, autocast to bfloat16 with --bf16;
--compile adds torch.compile. PyTorch 1 has neither of the first two: there attention is written
out, and AdamW goes through all tensors together. Prints one JSON object a step, the first steps
being warm-up.
"""
import argparse
import json
import time

import torch
from torch import nn
from torch.nn import functional

SHAPES = {
    "gpt2-124m": dict(llama=False, hidden_size=768, num_layers=12, num_heads=12, ffn_size=3072,
                      vocab_size=50257, context_length=1024),
    "llama-15m": dict(llama=True, hidden_size=288, num_layers=6, num_heads=6, ffn_size=768,
                      vocab_size=32000, context_length=256),
}


def rotate(x, cosine, sine):
    """Rotary positions over the two halves of each head."""
    first, second = x.chunk(2, -1)
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), -1)


class RmsNorm(nn.Module):
    def __init__(self, size, epsilon):
        super().__init__()
        self.weight, self.epsilon = nn.Parameter(torch.ones(size)), epsilon

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon) * self.weight


def norm_of(llama, size):
    return getattr(nn, "RMSNorm", RmsNorm)(size, 1e-5) if llama else nn.LayerNorm(size)


def attention(q, k, v):
    """Causal; of (batch, heads, length, size)."""
    if hasattr(functional, "scaled_dot_product_attention"):
        return functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    hidden = torch.ones(q.shape[-2], q.shape[-2], dtype=torch.bool).triu(1)
    scores = (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).masked_fill(hidden, float("-inf"))
    return scores.softmax(-1).to(v.dtype) @ v


class Block(nn.Module):
    def __init__(self, llama, hidden_size, num_heads, ffn_size):
        super().__init__()

        def norm():
            return norm_of(llama, hidden_size)

        def linear(inputs, outputs):
            return nn.Linear(inputs, outputs, bias=not llama)

        self.llama, self.num_heads = llama, num_heads
        self.attention_norm, self.ffn_norm = norm(), norm()
        self.query_key_value = linear(hidden_size, 3 * hidden_size)
        self.attention_output = linear(hidden_size, hidden_size)
        self.up = linear(hidden_size, 2 * ffn_size if llama else ffn_size)
        self.down = linear(ffn_size, hidden_size)

    def forward(self, x, positions):
        batch, length, hidden_size = x.shape
        heads = self.query_key_value(self.attention_norm(x)).chunk(3, -1)
        q, k, v = (h.view(batch, length, self.num_heads, -1).transpose(1, 2) for h in heads)
        if self.llama:
            q, k = rotate(q, *positions).to(v.dtype), rotate(k, *positions).to(v.dtype)
        mixed = attention(q, k, v)
        x = x + self.attention_output(mixed.transpose(1, 2).reshape(batch, length, hidden_size))
        inner = self.up(self.ffn_norm(x))
        if self.llama:
            gate, inner = inner.chunk(2, -1)
            return x + self.down(functional.silu(gate) * inner)
        return x + self.down(functional.gelu(inner, approximate="tanh"))


class Model(nn.Module):
    def __init__(self, llama, hidden_size, num_layers, num_heads, ffn_size, vocab_size,
                 context_length):
        super().__init__()
        self.llama, self.head_dim = llama, hidden_size // num_heads
        self.embedding = nn.Embedding(vocab_size, hidden_size)
        self.position = None if llama else nn.Embedding(context_length, hidden_size)
        self.blocks = nn.ModuleList(Block(llama, hidden_size, num_heads, ffn_size)
                                    for _ in range(num_layers))
        self.norm = norm_of(llama, hidden_size)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, tokens, targets):
        length = tokens.shape[1]
        x, positions = self.embedding(tokens), None
        if self.llama:
            frequencies = 10000 ** (-torch.arange(0, self.head_dim, 2) / self.head_dim)
            angles = torch.outer(torch.arange(length).float(), frequencies)
            positions = angles.cos(), angles.sin()
        else:
            x = x + self.position(torch.arange(length))
        for block in self.blocks:
            x = block(x, positions)
        logits = functional.linear(self.norm(x), self.embedding.weight)
        return functional.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--compile", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    shape = SHAPES[arguments.shape]
    model = Model(**shape)
    step_model = torch.compile(model) if arguments.compile else model
    together = {"foreach": True} if torch.__version__.startswith("1.") else {"fused": True}
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, **together)
    for step in range(arguments.steps):
        text = torch.randint(shape["vocab_size"], (arguments.batch, arguments.length + 1))
        start = time.monotonic()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=arguments.bf16):
            loss = step_model(text[:, :-1], text[:, 1:])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seconds = time.monotonic() - start
        print(json.dumps({"step": step, "loss": round(loss.item(), 4), "seconds": seconds,
                          "tokens": arguments.batch * arguments.length,
                          "version": torch.__version__}), flush=True)


if __name__ == "__main__":
    main()
