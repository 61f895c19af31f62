"""Networks on a CPU without PyTorch: their graphs are made of their weights and run by ONNX Runtime."""

from __future__ import annotations

from tagger.runtime.session import Outputs, SecondSession, Session, keep_freed_memory

__all__ = ["Outputs", "SecondSession", "Session", "keep_freed_memory"]
