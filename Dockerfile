FROM python:3.11-slim
# Packages first: they change more rarely than the code.
COPY requirements.lock /tmp/requirements.lock
RUN pip install --no-cache-dir --require-hashes --only-binary=:all: -r /tmp/requirements.lock \
 && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin gateway \
 && install --directory --owner=gateway --group=gateway --mode=0700 /var/lib/no-wrong-door
WORKDIR /app
COPY gateway gateway
COPY channels channels
COPY normalizer normalizer
# The root file system is read-only when it runs, so what would be written beside the code is made here.
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 NO_WRONG_DOOR_CONFIG=/etc/no-wrong-door/gateway.toml
RUN python -m compileall -q gateway channels normalizer
USER gateway
VOLUME /var/lib/no-wrong-door
EXPOSE 8080 2525
ENTRYPOINT ["python", "-m", "gateway"]
CMD ["serve"]
