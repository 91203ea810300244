"""The film in the words of other programs: timelines and subtitles, in and out."""
