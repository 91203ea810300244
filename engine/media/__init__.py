"""Pictures and clips on disk: read, write and measure stills and video, with one typed error."""
