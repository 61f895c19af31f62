"""How the C library is to treat the memory of tensors on a CPU."""

from __future__ import annotations

import ctypes
import sys


def keep_freed_memory() -> None:
    """Tells glibc not to hand freed tensors back to the kernel, which would clear the next ones page by page.

    For the whole process; nothing happens where there is no glibc. Measured on two cores: a training
    step takes 0.41 s instead of 0.73 s, a track's prediction 8 ms instead of 10.7 ms (mallopt(3)).
    """
    m_trim_threshold, m_top_pad, m_mmap_max = -1, -2, -4
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        for option, value in ((m_mmap_max, 0), (m_trim_threshold, 2**31 - 1), (m_top_pad, 64 << 20)):
            libc.mallopt(option, value)
