"""Images on the device.

files        Fashion-MNIST, MNIST, KMNIST and digits: fetched once, checked by md5, on the device once, as uint8
device       the best device at hand, in words
"""
