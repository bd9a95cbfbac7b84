/** A repository as somebody would write it, and what is to come of it. */
export interface Repository {
  name: string;
  files: Record<string, string>;
  /** What its pods print. */
  prints: string;
  /** What the record's notices say beside it. */
  notices?: RegExp;
  /** Why it cannot run. */
  fails?: RegExp;
}

interface Written {
  command: string;
  files: Record<string, string>;
  builder?: Record<string, unknown>;
  prints?: string;
  notices?: RegExp;
  fails?: RegExp;
}

/** Named, with a manifest of one pod. */
export function repository(
  name: string,
  { command, files, builder = {}, prints, ...more }: Written,
): Repository {
  const manifest = {
    ...{ kind: 'AIchorManifest', apiVersion: '0.2.3' },
    builder: { image: 'image', dockerfile: './Dockerfile', context: '.', ...builder },
    spec: {
      ...{ operator: 'jobset', image: 'image', command },
      types: { worker: { count: 1, resources: { cpus: 1, ramRatio: 1 } } },
    },
  };
  return { name, prints: prints ?? 'says 1,234,567', files: { 'manifest.yaml': JSON.stringify(manifest), ...files }, ...more }; // prettier-ignore
}

const lines = (...all: string[]) => `${all.join('\n')}\n`;
const LACKS = lines('import something_of_nobody');
const SAYS = lines('import os, sys', 'import humanize', 'print("says", humanize.intcomma(1234567))');
const PYPROJECT = lines('[project]', 'name = "proj"', 'version = "0.1.0"', 'requires-python = ">=3.10"', 'dependencies = ["humanize"]'); // prettier-ignore
const poetry = (name: string, ...dependencies: string[]) => lines('[tool.poetry]', `name = "${name}"`, 'version = "0.1.0"', 'description = ""', 'authors = []', '[tool.poetry.dependencies]', 'python = "^3.10"', ...dependencies, '[build-system]', 'requires = ["poetry-core"]', 'build-backend = "poetry.core.masonry.api"'); // prettier-ignore
const BACKEND = lines('[build-system]', 'requires = ["hatchling"]', 'build-backend = "hatchling.build"');

export const REPOSITORIES: readonly Repository[] = [
  repository('a context in a sub-folder', {
    command: 'python src/main.py --epochs 3',
    builder: { context: 'demo' },
    files: {
      'demo/Dockerfile': lines('FROM python:3.11-slim', 'WORKDIR /app', 'COPY requirements.txt .', 'RUN pip install --no-cache-dir -r requirements.txt', 'COPY . .'), // prettier-ignore
      'demo/requirements.txt': 'humanize\n',
      'demo/src/main.py': SAYS,
    },
  }),
  repository('requirements that include others, and apt-get', {
    command: 'python train.py',
    notices: /line 2 RUN apt-get install git gcc/,
    files: {
      Dockerfile: lines('FROM python:3.11-slim', 'RUN apt-get update && apt-get install -y git gcc && rm -rf /var/lib/apt/lists/*', 'WORKDIR /workspace', 'COPY requirements/ requirements/', 'RUN pip install -U pip setuptools wheel && pip install -r requirements/train.txt', 'COPY train.py .'), // prettier-ignore
      'requirements/base.txt': 'humanize  # for people\n',
      'requirements/train.txt': '-r base.txt\ntabulate>=0.9\n',
      'train.py': `${SAYS}import tabulate\n`,
    },
  }),
  repository('a wheel that one stage builds by uv and another installs', {
    command: 'proj-train',
    notices: /^$/,
    files: {
      Dockerfile: lines('FROM python:3.11-slim AS builder', 'WORKDIR /src', 'COPY pyproject.toml ./', 'COPY src ./src', 'RUN pip install --upgrade pip && pip install uv && uv build --wheel && pip install dist/*.whl', 'FROM python:3.11-slim', 'COPY --from=builder /src/dist/*.whl /tmp/', 'RUN pip install --no-cache /tmp/*.whl', 'WORKDIR /app'), // prettier-ignore
      'pyproject.toml': `${PYPROJECT}${lines('[project.scripts]', 'proj-train = "proj.main:main"')}${BACKEND}`,
      'src/proj/__init__.py': '',
      'src/proj/main.py': lines('import humanize', 'def main():', '    print("says", humanize.intcomma(1234567))'), // prettier-ignore
    },
  }),
  repository('the image of uv in two stages, with a package', {
    command: 'proj-train && python -m proj.main && uv run proj-train',
    prints: 'says 1,234,567 DATA\nsays 1,234,567 DATA\nsays 1,234,567 DATA',
    files: {
      Dockerfile: lines('FROM ghcr.io/astral-sh/uv:python3.11-bookworm-slim AS builder', 'ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy', 'WORKDIR /app', 'RUN --mount=type=cache,target=/var/cache/uv \\', '    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \\', '    uv sync --no-install-project --no-dev', 'ADD . /app', 'RUN --mount=type=cache,target=/var/cache/uv uv sync --no-dev', 'FROM python:3.11-slim-bookworm', 'COPY --from=builder --chown=app:app /app /app', 'ENV PATH="/app/.venv/bin:$PATH"', 'WORKDIR /app'), // prettier-ignore
      'pyproject.toml': `${PYPROJECT}[project.scripts]\nproj-train = "proj.main:main"\n${BACKEND}`,
      'README.md': 'x\n',
      'src/proj/__init__.py': '',
      'src/proj/data.txt': 'DATA',
      'src/proj/main.py': lines('import humanize, pathlib', 'def main():', '    print("says", humanize.intcomma(1234567), (pathlib.Path(__file__).parents[2] / "src/proj/data.txt").read_text())', 'if __name__ == "__main__": main()'), // prettier-ignore
    },
  }),
  repository('stages of which one is the target, with build arguments', {
    command: 'python train.py',
    builder: { target: 'train', buildArgs: { PACKAGE: 'humanize' } },
    prints: 'train',
    files: {
      Dockerfile: lines('ARG PYTHON=3.11', 'FROM python:${PYTHON}-slim AS base', 'ARG PACKAGE', 'WORKDIR /app', 'RUN pip install ${PACKAGE}', 'FROM base AS train', 'ENV MODE=train', 'COPY train.py /app/', 'FROM base AS serve', 'RUN pip install a-package-of-nobody-at-all'), // prettier-ignore
      'train.py': `${SAYS}print(os.environ["MODE"])\n`,
    },
  }),
  repository('absolute paths of the image, and PYTHONPATH', {
    command: 'cd / && python /aichor-app/main.py',
    prints: 'found',
    files: {
      Dockerfile: lines('FROM python:3.11', 'COPY . /aichor-app', 'WORKDIR /aichor-app', 'RUN pip install -r requirements.txt', 'ENV PYTHONPATH=/aichor-app/src:$PYTHONPATH', 'ENV DATA_DIR /aichor-app/data'), // prettier-ignore
      'requirements.txt': 'humanize\n',
      'src/pack/__init__.py': '',
      'data/a.txt': 'found',
      'main.py': `${SAYS}import pack\nprint(open(os.environ["DATA_DIR"] + "/a.txt").read())\n`,
    },
  }),
  repository('an editable installation, with settings beside its sources', {
    command: 'python scripts/train.py',
    prints: 'says 1,234,567 of the repository',
    files: {
      Dockerfile: lines('FROM python:3.11-slim', 'WORKDIR /workspace', 'COPY . .', 'RUN pip install -e .'),
      'setup.py': lines('from setuptools import setup, find_packages', 'setup(name="thing", version="1", package_dir={"": "src"}, packages=find_packages("src"), install_requires=["humanize"])'), // prettier-ignore
      'configs/a.txt': 'of the repository',
      'src/thing/__init__.py': '',
      'src/thing/core.py': lines('import pathlib, humanize', 'ROOT = pathlib.Path(__file__).resolve().parents[2]', 'def setting(): return (ROOT / "configs/a.txt").read_text()'), // prettier-ignore
      'scripts/train.py': `${SAYS.replace('))', '), end=" ")')}from thing.core import setting\nprint(setting())\n`,
    },
  }),
  repository('an entrypoint script', {
    command: './entrypoint.sh --lr 0.1',
    prints: 'from the entrypoint --lr 0.1',
    files: {
      Dockerfile: lines('FROM python:3.11-slim', 'WORKDIR /app', 'RUN pip install humanize', 'COPY train.py entrypoint.sh ./', 'RUN chmod +x entrypoint.sh', 'ENTRYPOINT ["./entrypoint.sh"]'), // prettier-ignore
      'entrypoint.sh': lines('#!/usr/bin/env bash', 'set -euo pipefail', 'export FROM="from the entrypoint"', 'exec python train.py "$@"'), // prettier-ignore
      'train.py': `${SAYS}print(os.environ["FROM"], *sys.argv[1:])\n`,
    },
  }),
  repository('a heredoc', {
    command: 'python main.py',
    prints: 'out True',
    files: {
      Dockerfile: lines('# syntax=docker/dockerfile:1.4', 'FROM python:3.11-slim', 'WORKDIR /srv/app', 'RUN <<EOF', 'set -e', 'apt-get update', 'apt-get install -y curl', 'pip install --no-cache-dir humanize', 'mkdir -p /srv/app/out', 'EOF', 'COPY main.py .'), // prettier-ignore
      'main.py': `${SAYS}print("out", os.path.isdir("out"))\n`,
    },
  }),
  repository('packages that the command installs', {
    command: 'pip install humanize && python main.py',
    notices: /a Python environment of its own/,
    files: { Dockerfile: lines('FROM python:3.11', 'WORKDIR /app', 'COPY . .'), 'main.py': SAYS },
  }),
  repository('a command that uv runs', {
    command: 'uv run --no-sync main.py && uv run python main.py',
    files: {
      Dockerfile: lines('FROM python:3.11-slim', 'COPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/uv', 'WORKDIR /app', 'COPY pyproject.toml ./', 'RUN uv sync --no-dev', 'COPY . .'), // prettier-ignore
      'pyproject.toml': PYPROJECT,
      'main.py': SAYS,
    },
  }),
  repository('an image of CUDA, uv’s pip, secrets of the build and a user', {
    command: 'python3 -u main.py',
    builder: { buildArgs: { EXTRA: 'tabulate', GIT_TOKEN: 'abcdefgh12345' } },
    // Where the machine has pip itself, python3-pip is not told: it is there.
    notices: /RUN apt install python3\.10/,
    files: {
      Dockerfile: lines('FROM nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04', 'ARG USER_ID=1000', 'ARG EXTRA', 'ARG GIT_TOKEN', 'ENV DEBIAN_FRONTEND=noninteractive LD_LIBRARY_PATH=/usr/local/cuda/lib64:$LD_LIBRARY_PATH \\', '    PYTHONUNBUFFERED=1', 'RUN apt update && apt install -y python3.10 python3-pip && ln -sf /usr/bin/python3.10 /usr/bin/python', 'COPY --from=ghcr.io/astral-sh/uv:0.4 /uv /usr/local/bin/uv', 'RUN --mount=type=secret,id=_env,dst=/etc/secrets/.env . /etc/secrets/.env && uv pip install --system humanize ${EXTRA}', 'WORKDIR /home/app', 'RUN useradd -u ${USER_ID} app', 'USER app', 'COPY --chown=app:app . /home/app/'), // prettier-ignore
      'main.py': `${SAYS}import tabulate\n`,
    },
  }),
  repository('a package without a Dockerfile', {
    command: 'python -m proj',
    files: {
      'pyproject.toml': `${PYPROJECT}${BACKEND}`,
      'src/proj/__init__.py': '',
      'src/proj/__main__.py': SAYS,
    },
  }),
  repository('conda', {
    command: 'conda run -n myenv python train.py',
    fails: /the command conda was not found.*--python-env/,
    notices: /RUN conda env create environment\.yml.*--python-env/,
    files: {
      Dockerfile: lines('FROM continuumio/miniconda3', 'COPY environment.yml .', 'RUN conda env create -f environment.yml', 'SHELL ["conda", "run", "-n", "myenv", "/bin/bash", "-c"]', 'COPY . .'), // prettier-ignore
      'environment.yml': lines('name: myenv', 'dependencies: [python=3.11, numpy]'),
      'train.py': SAYS,
    },
  }),
  repository('Poetry', {
    command: 'python app/train.py',
    files: {
      Dockerfile: lines('FROM python:3.11-slim', 'RUN pip install poetry', 'WORKDIR /app', 'COPY pyproject.toml ./', 'COPY counts counts', 'RUN pip wheel --no-deps -w wheels ./counts', 'RUN poetry config virtualenvs.create false && poetry install --no-interaction --no-root', 'COPY . .'), // prettier-ignore
      // Built by pip: what Poetry itself builds with, it looks up in pages that not every index has.
      'pyproject.toml': poetry('app', 'counts = { path = "wheels/counts-0.1.0-py3-none-any.whl" }'),
      'counts/pyproject.toml': poetry('counts'),
      'counts/counts/__init__.py': 'SAID = "says 1,234,567"\n',
      'app/train.py': 'import counts\nprint(counts.SAID)\n',
    },
  }),
  repository('an export of Poetry', {
    command: 'python app/train.py',
    files: {
      Dockerfile: lines('FROM python:3.11-slim as requirements', 'WORKDIR /tmp', 'RUN pip install poetry poetry-plugin-export', 'COPY ./pyproject.toml ./poetry.lock* /tmp/', 'RUN poetry lock && poetry export -f requirements.txt --output requirements.txt --without-hashes', 'FROM python:3.11-slim', 'WORKDIR /code', 'COPY --from=requirements /tmp/requirements.txt /code/requirements.txt', 'RUN pip install --no-cache-dir --upgrade -r /code/requirements.txt humanize', 'COPY ./app /code/app'), // prettier-ignore
      'pyproject.toml': poetry('app'),
      'app/train.py': SAYS,
    },
  }),
  repository('an environment.yml alone', {
    command: 'python main.py',
    fails: /imports something_of_nobody/,
    notices: /environment\.yml is for conda.*--python-env/,
    files: { 'environment.yml': lines('name: e', 'dependencies: [numpy]'), 'main.py': LACKS },
  }),
  repository('a requirement that Git cannot fetch', {
    command: 'python main.py',
    fails: /Git operation failed|failed to fetch|git clone|Cloning/i,
    files: {
      Dockerfile: lines('FROM python:3.11', 'RUN pip install git+https://git.invalid/somebody/something.git@main', 'COPY . .'), // prettier-ignore
      'main.py': SAYS,
    },
  }),
];
