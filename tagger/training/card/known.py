"""What a card tells that cannot be measured: sources, licences, assumptions, others' figures."""

from __future__ import annotations

DATASETS = {
    "deam": ("songs from FMA, Jamendo and MedleyDB: genres, arousal", "annotations CC BY-NC"),
    "deam_seg": ("further excerpts of the DEAM songs of the training split", "as DEAM"),
    "4q": ("4Q/TAFFC, AllMusic's genres and mood quadrants", "copyrighted, research only"),
    "emotify": ("Magnatune excerpts: four genres, felt emotions", "CC BY-NC"),
    "gtzan": ("GTZAN, fault-filtered split; tempo from GTZAN-Rhythm", "copyrighted, research only"),
    "memomusic": ("solo piano: arousal", "copyrighted, research only"),
    "orinayo": ("drum loops: tempo, no genre", "not stated with the data"),
    "games": ("music of free games, without labels", "not stated with the data"),
}
"""What each data set is, and its licence."""

WATTS = {"cpu": 15.0, "cuda": 700.0}
"""Assumed: two of the eight cores of a 65 W desktop processor; an H100 SXM at its limit of 700 W."""

CO2_KG_PER_KWH = 0.48
"""World average of electricity in 2023 (Ember, Global Electricity Review 2024: 481 g/kWh)."""

OTHERS = (
    ("mfcc-lstm", "FMA-small", "28.66 % top-1, 60.75 % top-3"),
    ("spectrogram-cnn", "not given", "37.23 %"),
    ("window-vote-cnn", "not given", "43.7 % of windows, 49.8 % of tracks"),
    ("six image backbones", "GTZAN, validation", "66.5 % (DenseNet about 72 %)"),
    ("six image backbones", "FMA-small, test", "53.4 %"),
    ("genre-22", "not given", "68 %"),
    ("echonest-mlp", "Rock against Electronic", "76 %"),
    ("tempo-regression", "not given", "RMSE about 21 BPM"),
)
"""System, data and result as its authors report them."""

TEACHER = {"hit": 0.575, "hit_top3": 0.82, "genre_map": 0.54, "deam_r": 0.74, "4q_auc": 0.97}
"""Logistic and ridge regression on MusiCNN's embedding (Pons & Serra 2019) of the same clips, test split."""
