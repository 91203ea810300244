"""One render for all model families: encode, denoise, decode, write, with progress, previews and cancel."""
