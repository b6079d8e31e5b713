"""What the client applications are made of: Python libraries behind one form, and programs in other languages."""
