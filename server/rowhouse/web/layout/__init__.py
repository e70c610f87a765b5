"""What all pages share: the frame, the headers, the assets and the error pages."""
