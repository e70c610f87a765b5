"""What all pages share: the frame around them, their headers, their files, and how errors look."""
