"""Images on the device.

images       Images: one dataset, on the device once, as uint8; load gets it
files        Fashion-MNIST, MNIST, KMNIST: fetched once, checked by md5
sources      what they consist of: names, md5s, classes
pace         an address of the web, given up when too little comes of it
paths        what to do about a path that cannot be read or written
reasons      why the system refuses, in the reader's language
digits       the built-in digits, without files and network
device       the best device at hand, in words
streams      a card's streams, and nothing of the kind elsewhere
"""
