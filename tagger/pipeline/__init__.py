"""The scan: files go to worker processes, their features come back, answers go to the store."""
