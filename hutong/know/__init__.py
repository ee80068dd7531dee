"""Remembered and used well: what a shop may know about the people who came.

`customers` keeps who agreed to be remembered by which merchant, and what that merchant saw of them. The room
never hears of orders or payments: a flow tells it what happened.
"""
