"""Hostile files, hostile folders, full disks, kill -9: a file for each kind of fault.

| kind | file |
|---|---|
| another user renames and links while root writes; a database names folders | test_hostile_folders |
| owner, rights and ACLs stay what they were | test_rights |
| files that stand for gigabytes or minutes | test_bombs, test_many_comments, test_hostile_models |
| and large ones that do not | test_large_pictures |
| a model's folder that would be another's, is full of links, or has a device's name | test_hostile_models |
| a fault of ours is not the files' | test_closed_streams |
| a bad row of the database spoils one file | test_damaged_rows |
| a full disk | test_full_disk |
| what a killed program leaves | test_litter |
| escape codes in tags, names and rows | test_terminal |
| garbage behind a short file | test_garbage_behind |
| sound of another kind than its file says | test_foreign_sound |
| files that the fuzzer found | test_corpus |
| a database that is taken away or damaged in its head | test_database |

Nearer to the parts they try are kill -9 while tags are written (`tags/test_killed`, `tag_runs/test_killed`,
`tag_runs/test_recovery`), damaged sound (`audio/test_damage`) and damaged databases (`cli/test_faults`).
"""
