"""Whether this CPU has instructions for bfloat16."""

from __future__ import annotations

import torch


def multiplies_bfloat16() -> bool:
    """True with AVX512-BF16 (AMD from Zen 4, Intel from Cooper Lake): elsewhere PyTorch would emulate it.

    PyTorch tells it only by a function of no public name, so where that is missing the answer is False.
    """
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(supported and supported())
