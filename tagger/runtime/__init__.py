"""A CRNN on a CPU without PyTorch: its graph is made of its weights and run by ONNX Runtime."""

from __future__ import annotations

from tagger.runtime.session import Outputs, Session, keep_freed_memory

__all__ = ["Outputs", "Session", "keep_freed_memory"]
