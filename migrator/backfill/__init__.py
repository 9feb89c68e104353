"""Put back into an export what older schema versions dropped, from the files beside it: exactly, or not at all."""
