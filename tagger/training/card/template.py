"""The fixed words of a card, with places for what is measured and recorded."""

TEMPLATE = """# {id}

Hears {hears} of music in windows of {window_s:g} s. Made by
`scripts/evaluate.py --card` from a measurement; not to be edited by hand.

## Use

**Meant for** tagging and sorting one's own collection of music: a first genre and an energy for tracks that
have none, playlists by them, finding what sounds alike. The confidence says how far to trust an answer;
`tagger write-tags` and `playlist` take a `--min-confidence`.

**Not meant for**
- sounds that are not music (speech, noises, nature): they get an answer too, see *Known failures*;
- generating music, or training what does;
- identification of songs, artists, works or versions of them: it knows none;
- decisions about people: royalties, moderation, ranking of artists, guessing at a listener's mood or origin.

Genre is a convention, here that of Western catalogues: `International` stands for most of the world's
music.

## The model

Genres: {genres}.

Network: `{network}`; {parameters:,} parameters, {megabytes:.1f} MB. Strided convolutions with batch norm
and separable residual blocks over a log-mel spectrogram, a recurrent layer over time, attention pooling, one
embedding with a head for genre and one for energy. Each window is centred before the first layer, so
loudness tells it nothing.{tempo}

**Energy** is arousal as listeners rated it; what is stored is its quantile in a reference set frozen in
`model.json` (clips: {n_reference}). **Confidence** is the softmax of the genre logits over a temperature of
{temperature:.3f}, fitted on the validation split.

Prediction alone of a track (three windows) takes {predict_ms:.1f} ms of one core ({machine}).

## Training

Clips heard in training: {n_clips}{n_unlabelled}.
Labelled excerpts are of {shortest_s:g} to {longest_s:g} s, split by artist where it is known, else by clip.

{sources}

Labels are of several kinds: some clips list all genres that fit, some one, and some only say `Pop/Rock`.
The tags and the embedding of MusiCNN (Pons & Serra 2019, ISC licence), itself trained on the Million Song
Dataset and MagnaTagATune, teach beside them, and so do probes on these that never saw the clip they answer
for. Augmentation: random crops, tempo, pitch, gain, equaliser, low-pass,
SpecAugment, mixup. The weights are a moving average.

- Run: {run}.
- Time and energy: {cost}.
- Settings: {settings}.

## Measured on the {split} split

{n_measured} clips, {n_labelled} of them with genres, through the code of a scan:
`python scripts/evaluate.py --data DATA --split {split}`. Intervals are 95 % percentile bootstrap, clips of
one artist, song or package resampled together. They say how far the figures would move on other clips of
these data sets, not on other music.

{figures}

### By data set

{datasets}

### By genre

`in training`: clips with this label among those heard in training. `recall`: of the clips with this label,
those whose first answer is this very genre; a clip with three labels can get only one right. `precision`:
of the labelled clips called so, those that have the label. Few clips make wide intervals, and where all of
them agree, one of no width that means little. A dash: none was called so.

{by_genre}

![Confusion matrix](confusion.svg)

A hit counts for the genre that was answered; a miss is shared out among the labels of the clip.

### Calibration

Expected calibration error {calibration_error:.3f}. Each point is a tenth of the scale, its size the number
of clips, the bar its 95 % interval (Wilson); on the dashed line, a confidence of 0.8 is right in 80 % of
cases. Resampling can only add to this error, so its interval leans upward.

![Reliability diagram](reliability.svg)

### Energy

![Energy against arousal](energy.svg)

## Known failures

No genre of the list means "none of these". Sounds that are no music, made for this table (the voice is a
synthetic babble, not a recording of speech):

{odd}

The same clips in a poor state: the hit rate is of the labelled clips. A model that knew its limits would lose
confidence as it loses hits.

{changed}

Trained on short excerpts coded at 24 kbit/s. It saw least of {rarest}, and has no name for many genres.

## Beside other systems

Reported by their authors on other data and with other lists of genres; not comparable clip by clip.

{others}

On the same clips, logistic and ridge regression on the embedding of MusiCNN, the teacher (0.8 M
parameters):

{teacher}

## Licence

For research and private use: annotations of DEAM and Emotify are CC BY-NC, and parts of the audio were
licensed for research only.
"""
