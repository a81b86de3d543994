"""The store's versions, oldest first. A version that was released is never changed."""
